import { bundleSource, replayRun, stepIndex, storeSource } from '../../replay/index.ts'
import type { RunSource } from '../../replay/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { StoreFlags } from '../flags.ts'
import { count } from '../format.ts'
import { printJson, stdout } from '../output.ts'
import { stepBlock } from '../step-block.ts'
import { unknownStep } from '../steps.ts'
import { findRun, openStore } from '../store.ts'
import { isBundle } from './verify.ts'

type ReplayFlags = StoreFlags & { to?: number }

/** `kymo replay`: the steps as they were, from the record alone; nothing is executed. */
export async function replay(what: string, flags: ReplayFlags): Promise<number> {
  if (await isBundle(what)) {
    await using source = await bundleSource(what)
    return show(source, flags)
  }
  const client = await openStore(flags, { what: 'kymo replay' })
  try {
    const { run } = await findRun(client, what, flags)
    await using source = await storeSource(client, run.id)
    return await show(source, flags)
  } finally {
    await client.close()
  }
}

async function show(source: RunSource, flags: ReplayFlags): Promise<number> {
  if (flags.to !== undefined) {
    const { steps: { length } } = await stepIndex(source)
    if (flags.to > length) throw unknownStep(flags.to, length)
  }
  const screen = stdout()
  const json = flags.json === true
  const steps: unknown[] = []
  let last = 0
  for await (const step of replayRun(source, flags.to === undefined ? {} : { to: flags.to })) {
    last = step.step
    if (json) steps.push(step)
    else screen.line(`${stepBlock(screen, step, { full: true, hint: '' }, step.changes)}\n`)
  }
  if (json) printJson({ run_id: source.runId, steps })
  else screen.line(screen.colors.dim(`${count(last, 'step')} replayed from the record of run ${source.runId}; nothing was executed`))
  return EXIT.ok
}
