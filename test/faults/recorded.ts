import { decodeRecord, parseRunId } from '../../schemas/record.ts'
import type { AnyEvent } from '../../schemas/record.ts'
import type { StoreConnection } from '../../src/bus/index.ts'
import { storeSource, verifyRun } from '../../src/replay/index.ts'
import { attemptsOf, storyDifference } from '../semantic-log.ts'
import type { Attempts } from '../semantic-log.ts'

/** Every record of a run, decoded. */
export async function eventsOfRun(client: StoreConnection, runId: string): Promise<AnyEvent[]> {
  const events: AnyEvent[] = []
  for (;;) {
    const reply = await client.read({ run_id: parseRunId(runId), from_seq: events.length })
    for (const bytes of reply.records) events.push(decodeRecord(Uint8Array.from(bytes)))
    if (events.length > reply.head_seq || reply.records.length === 0) return events
  }
}

/** All that may be wrong with a run that was disturbed: empty when it verifies, tells the same story, and explains each repeated attempt. */
export async function judge(client: StoreConnection, runId: string, undisturbed?: readonly AnyEvent[]): Promise<{ problems: string[]; attempts: Attempts; events: AnyEvent[] }> {
  const events = await eventsOfRun(client, runId)
  const attempts = attemptsOf(events)
  const problems = [...attempts.problems]
  const report = await verifyRun(await storeSource(client, runId))
  for (const { check, seq, message } of report.problems) problems.push(`verify: ${check} at seq ${seq}: ${message}`)
  if (events.at(-1)?.type !== 'run.finished') problems.push(`the run ends with ${events.at(-1)?.type ?? 'nothing'}`)
  const story = undisturbed === undefined ? undefined : await storyDifference(events, undisturbed)
  if (story !== undefined) problems.push(story)
  return { problems, attempts, events }
}
