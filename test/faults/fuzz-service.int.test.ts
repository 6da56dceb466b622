import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseRunId } from '../../schemas/record.ts'
import { kymo } from '../../schemas/generated/messages.js'
import type { Codec } from '../../schemas/generated/messages.js'
import { Bus, StoreClient, startService } from '../../src/bus/index.ts'
import { createRun, serveRun } from '../../src/effects/index.ts'
import { Decision, OPERATIONS, decisionName } from '../../src/journal/index.ts'
import type { OperationName } from '../../src/journal/index.ts'
import { seeded } from '../seeded.ts'
import { MACHINE_OPTIONS, TASKS, pause, script } from './kymo-process.ts'
import { eventsOfRun, judge } from './recorded.ts'

process.env['KYMO_TASKS'] = TASKS
const codecs = kymo.v1.journal as unknown as Record<string, Codec<Record<string, unknown>>>

const LEASE_MS = 2500

/** One byte changed, some cut off, some put in, or nothing but noise. */
function disfigured(random: () => number, bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes)
  const at = Math.floor(random() * copy.length)
  const dice = random()
  if (dice < 0.4 && copy.length > 0) copy[at] = Math.floor(random() * 256)
  else if (dice < 0.6) return copy.subarray(0, at)
  else if (dice < 0.75) return Buffer.concat([copy.subarray(0, at), Buffer.from(Array.from({ length: 1 + Math.floor(random() * 20) }, () => Math.floor(random() * 256))), copy.subarray(at)])
  else if (dice < 0.85) return Buffer.concat([copy, copy])
  else return Buffer.from(Array.from({ length: Math.floor(random() * 300) }, () => Math.floor(random() * 256)))
  return copy
}

test('malformed messages on every subject are refused with a reason, and a run beside them goes on undisturbed', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kymo-fuzz-'))
  const random = seeded(5)
  const problems: string[] = []
  const service = await startService({ directory: join(folder, 'store'), leaseMs: LEASE_MS, onProblem: (message) => problems.push(message) })
  const options = { directory: join(folder, 'store'), autostart: false }
  const bus = await Bus.connect(service.endpoint, 'fuzz')
  const machine = { ...MACHINE_OPTIONS, work: join(folder, 'work') }
  const create = (client: StoreClient) => createRun(client, { task: 'arithmetic', profile: 'small', agent: 'scripted', agentConfig: { script: script('with-model') }, ...machine })
  try {
    // What a run asks of the service, overheard until it is interrupted while it waits to try a completion again: an effect that was open
    // then would be taken, and lost, by claims that the noise repeats.
    const heard: Array<{ subject: string; data: Uint8Array }> = []
    const hints: Array<{ subject: string; data: Uint8Array }> = []
    const overheard = bus.subscribe('kymo.v1.journal.>', ({ subject, data }) => { heard.push({ subject, data: Uint8Array.from(data) }) })
    const published = bus.subscribe('kymo.v1.run.>', ({ subject, data }) => { hints.push({ subject, data: Uint8Array.from(data) }) })
    const one = await StoreClient.connect({ ...options, what: 'fuzzed' })
    const fuzzed = await create(one)
    const first = await serveRun({ client: one, runId: fuzzed.runId, ...machine, onEvent: ({ type, from }) => { if (type === 'timer.armed' && from.startsWith('llm-tool')) void first.interrupt() } })
    await first.finished
    await one.close()
    overheard()
    published()
    const head = (await eventsOfRun(await StoreClient.connect({ ...options, what: 'reader' }), fuzzed.runId)).length

    const beside = await StoreClient.connect({ ...options, what: 'undisturbed' })
    const other = await create(beside)
    const session = await serveRun({ client: beside, runId: other.runId, ...machine })
    let going = true
    const ending = session.finished.then((result) => { going = false; return result })

    const decisions: Record<string, number> = {}
    const usable = heard.filter(({ subject }) => !/\.(down|hello)$/.test(subject))
    let sent = 0
    while (sent < 4000 || going) {
      const { subject, data } = usable[Math.floor(random() * usable.length)] ?? { subject: '', data: new Uint8Array() }
      const operation = subject.split('.').at(-1) as OperationName
      const hint = hints[Math.floor(random() * hints.length)]
      if (hint !== undefined) bus.publish(hint.subject, disfigured(random, hint.data))
      bus.publish(subject.replace(/\.[^.]*$/, '.nothing'), data)
      sent++
      if (operation === 'claim') { bus.publish(subject, disfigured(random, data)); continue }
      const reply = codecs[OPERATIONS[operation][1]]?.decode(await bus.request(subject, disfigured(random, data), 5000)) as { decision: Decision; reason: string }
      const name = decisionName(reply.decision)
      decisions[name] = (decisions[name] ?? 0) + 1
      if (reply.decision === Decision.REFUSED && reply.reason === '') problems.push(`${operation} was refused without a reason`)
    }
    expect((await ending).how).toBe('sealed')
    const undisturbed = await eventsOfRun(beside, other.runId)
    expect((await judge(beside, other.runId, undisturbed)).problems).toEqual([])
    expect((await judge(beside, other.runId, undisturbed)).attempts.lost).toBe(0)

    // The fuzzed run itself is whole, and goes on once the leases of overheard sessions that the noise brought to life are over.
    await pause(LEASE_MS + 500)
    expect((await beside.check({ run_id: parseRunId(fuzzed.runId) })).problem).toBe('')
    const again = await serveRun({ client: beside, runId: fuzzed.runId, ...machine })
    const end = await again.finished
    expect(end).toEqual({ how: 'sealed' })
    const { problems: found } = await judge(beside, fuzzed.runId, undisturbed)
    expect(found).toEqual([])
    const rejected = join(folder, 'store', 'rejected.jsonl')
    const written = existsSync(rejected) ? readFileSync(rejected, 'utf8').trim().split('\n').length : 0
    console.log(`fuzzed service: ${sent} messages, ${JSON.stringify(decisions)}, ${written} refusals written down, run of ${head} records whole`)
    expect(written).toBeGreaterThan(0)
    expect(problems.filter((message) => /failed|throw|undefined/i.test(message))).toEqual([])
    await beside.close()
  } finally {
    await bus.close()
    await service.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
})
