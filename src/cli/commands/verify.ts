import { stat } from 'node:fs/promises'
import { messageOf } from '../../../schemas/errors.ts'
import { bundleSource, storeSource, verifyRun } from '../../replay/index.ts'
import type { RunSource, VerifyReport } from '../../replay/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { StoreFlags } from '../flags.ts'
import { bytes, count, printable } from '../format.ts'
import { printJson, stderr, stdout } from '../output.ts'
import type { Screen } from '../output.ts'
import { shortId } from '../run-names.ts'
import { StatusLine } from '../status-line.ts'
import { findRun, listRuns, openStore } from '../store.ts'
import { usageError } from '../usage-error.ts'

type VerifyFlags = StoreFlags & { all?: boolean }

/** True for a file; a name that can only be one and is not there is an error. */
export async function isBundle(what: string): Promise<boolean> {
  const facts = await stat(what).catch(() => undefined)
  if (facts?.isFile() === true) return true
  if (/[/\\]|\.(kymo|bundle|tar)$/.test(what)) throw usageError(facts?.isDirectory() === true ? `${what} is a folder. Name a bundle file, or a run with --store FOLDER.` : `There is no file ${what}. Name a bundle that "kymo export" wrote, or a run of the store.`)
  return false
}

/** `kymo verify RUN|BUNDLE|--all`: exit code 1 when anything does not hold. */
export async function verify(what: string | undefined, flags: VerifyFlags): Promise<number> {
  if (flags.all === true) return verifyAll(flags)
  if (what !== undefined && (await isBundle(what))) {
    await using source = await bundleSource(what)
    return tell(await verifyOne(source), flags, 'a bundle')
  }
  const client = await openStore(flags, { what: 'kymo verify' })
  try {
    const { run } = await findRun(client, what ?? 'last', flags)
    await using source = await storeSource(client, run.id)
    return tell(await verifyOne(source), flags, 'the store')
  } finally {
    await client.close()
  }
}

/** Verifies with a line that says how far it is. */
async function verifyOne(source: RunSource): Promise<VerifyReport> {
  let text = ''
  const status = new StatusLine(stderr(), () => text)
  status.start()
  try {
    return await verifyRun(source, { onProgress: ({ phase, events, of }) => { text = `${phase === 'chain' ? 'reading the chain' : 'stepping the machines again'}: ${count(events, 'event')}${of === undefined ? '' : ` of ${of}`}` } })
  } finally {
    status.stop()
  }
}

function tell(report: VerifyReport, flags: VerifyFlags, where: string): number {
  if (flags.json === true) printJson(report)
  else stdout().line(reportBlock(stdout(), report, where))
  return report.ok ? EXIT.ok : EXIT.failed
}

const MOST = 20

/** What was checked, what was not, and what does not hold. */
export function reportBlock(screen: Screen, report: VerifyReport, where: string): string {
  const { colors } = screen
  const { checked } = report
  const lines = [`${report.ok ? colors.green('verified') : colors.red('NOT VERIFIED')}  run ${report.run_id} ${colors.dim(`from ${where}`)}`]
  const row = (name: string, value: string): void => { lines.push(`  ${colors.dim(name.padEnd(11))} ${value}`) }
  row('chain', `${count(checked.records, 'record')}, head ${report.head_hash}`)
  row('machines', `${count(checked.reactions, 'reaction')} of ${count(report.steps, 'step')} stepped again${checked.outputs_equal ? ': outputs equal' : ''}${checked.outputs_equal && report.other_code.length === 0 ? ', digests equal' : ''}`)
  row('files', `${count(checked.file_actions, 'file action')} recomputed`)
  if (checked.requests > 0) row('requests', `${count(checked.requests, 'request')} to models rebuilt byte for byte`)
  row('blobs', `${count(checked.blobs, 'blob')} read (${bytes(checked.blob_bytes)})`)
  row('effects', `${count(checked.effects, 'effect')}, ${count(checked.timers, 'timer')}${checked.views > 0 ? '; stored metrics computed again' : ''}`)
  for (const sentence of report.unchecked) row('not checked', printable(sentence))
  const first = report.first_divergence
  if (first !== null) {
    lines.push('', `${colors.red('first')}  seq ${first.seq}, ${first.actor}, ${first.field}`)
    row('expected', printable(first.expected))
    row('actual', printable(first.actual))
    for (const { seq, actor, message } of report.problems.slice(0, MOST)) lines.push(`  ${colors.red('-')} seq ${seq} (${actor}): ${printable(message)}`)
    if (report.problems.length > MOST) lines.push(colors.dim(`  ... and ${report.problems.length - MOST} more; --json lists all`))
  }
  return lines.join('\n')
}

async function verifyAll(flags: VerifyFlags): Promise<number> {
  const screen = stdout()
  const client = await openStore(flags, { what: 'kymo verify --all' })
  try {
    const runs = (await listRuns(client)).toSorted((a, b) => a.createdAt - b.createdAt)
    const ids = runs.map(({ id }) => id)
    const reports: (VerifyReport | { ok: false; run_id: string; problem: string })[] = []
    for (const run of runs) {
      const report = await (async () => {
        await using source = await storeSource(client, run.id)
        return verifyOne(source)
      })().catch((error: unknown) => ({ ok: false as const, run_id: run.id, problem: messageOf(error) }))
      reports.push(report)
      if (flags.json === true) continue
      const first = 'problem' in report ? report.problem : report.first_divergence === null ? '' : `seq ${report.first_divergence.seq} (${report.first_divergence.actor}): ${report.problems[0]?.message ?? report.first_divergence.field}`
      screen.line(`${report.ok ? screen.colors.green('verified    ') : screen.colors.red('NOT VERIFIED')}  ${shortId(run.id, ids)}  ${'events' in report ? count(report.events, 'event') : ''}${first === '' ? '' : `  ${printable(first)}`}`)
    }
    const bad = reports.filter(({ ok }) => !ok).length
    if (flags.json === true) printJson(reports)
    else screen.line(runs.length === 0 ? 'There are no runs to verify.' : bad === 0 ? `All ${count(runs.length, 'run')} verified.` : `${bad} of ${count(runs.length, 'run')} not verified; kymo verify RUN says more.`)
    return bad === 0 ? EXIT.ok : EXIT.failed
  } finally {
    await client.close()
  }
}
