import { EXIT } from '../exit-codes.ts'
import type { StoreFlags } from '../flags.ts'
import { age, count, duration, printable } from '../format.ts'
import { printJson, stdout } from '../output.ts'
import { readMetrics } from '../read-metrics.ts'
import { storeSource, traceOf, readTexts } from '../../replay/index.ts'
import type { StoreClient } from '../../bus/index.ts'
import { shortId } from '../run-names.ts'
import { nextLines, scoreBlock, unitOf } from '../score-block.ts'
import { findRun, openStore, storeArgument } from '../store.ts'
import { paintStatus } from './list.ts'

/** `kymo show RUN`. */
export async function show(name: string, flags: StoreFlags): Promise<number> {
  const client = await openStore(flags, { what: 'kymo show' })
  try {
    const { run, runs } = await findRun(client, name, flags)
    const summary = await readMetrics(client, run)
    const answer = await finalAnswer(client, run.id)
    if (flags.json === true) {
      printJson({ ...summary, answer, sealed: run.sealed, served_by: run.served ? run.servedBy : null, apart: run.apart, damage: run.damage === '' ? null : run.damage })
      return EXIT.ok
    }
    const screen = stdout()
    const { colors } = screen
    const row = (label: string, value: string): void => screen.line(`${colors.dim(label.padEnd(9))}${value}`)
    row('run', run.id)
    row('status', `${paintStatus(screen, summary.status)}${run.served ? ` (served by ${run.servedBy})` : ''}`)
    if (run.damage !== '') row('damage', colors.red(run.damage))
    row('task', `${summary.task} (${summary.profile})`)
    row('agent', `${summary.agent}, seed ${summary.seed}`)
    row('began', `${new Date(summary.started_at).toISOString()} (${age(Date.now() - run.createdAt)})`)
    row('log', `${count(summary.events, 'event')}, head ${summary.head_hash}`)
    if (summary.lost > 0) row('attempts', `${summary.lost} lost and made again`)
    if (summary.resumed > 0) row('resumed', `${count(summary.resumed, 'time')}, cut off for ${duration(summary.downtime_ms)}`)
    if (summary.usage.input_tokens + summary.usage.output_tokens > 0) row('tokens', `${summary.usage.input_tokens} in, ${summary.usage.output_tokens} out, $${summary.usage.cost_usd.toFixed(4)}`)
    if (answer !== null && answer !== '') row('answer', printable(answer))
    row('time', duration(summary.run_time_ms))
    screen.line()
    screen.line(scoreBlock(screen, summary, await unitOf(summary.task)))
    screen.line()
    screen.line(nextLines(screen, shortId(run.id, runs.map(({ id }) => id)), storeArgument(flags), summary.status))
    return EXIT.ok
  } finally {
    await client.close()
  }
}

/** What the agent said when it submitted. */
async function finalAnswer(client: StoreClient, runId: string): Promise<string | null> {
  await using source = await storeSource(client, runId)
  const last = (await traceOf(source)).at(-1)
  if (last === undefined || last.action !== 'Final Answer' || !last.accepted) return null
  await readTexts(last, source.blobs)
  try {
    const args: unknown = JSON.parse(last.arguments?.text ?? '')
    return typeof args === 'object' && args !== null && 'final_answer' in args ? String(args.final_answer) : null
  } catch {
    return null
  }
}
