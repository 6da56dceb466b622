import { readTexts, storeSource, traceOf } from '../../replay/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { StoreFlags } from '../flags.ts'
import { count, duration } from '../format.ts'
import { printJson, stdout } from '../output.ts'
import { programName } from '../program-name.ts'
import { shortId } from '../run-names.ts'
import { stepBlock } from '../step-block.ts'
import { unknownStep } from '../steps.ts'
import { findRun, openStore, storeArgument } from '../store.ts'

/** `kymo trace`: what the agent did. Texts of a step are read when it is shown, so that a long run begins at once. */
export async function trace(name: string, flags: StoreFlags & { step?: number; full?: boolean }): Promise<number> {
  const client = await openStore(flags, { what: 'kymo trace' })
  try {
    const { run, runs } = await findRun(client, name, flags)
    await using source = await storeSource(client, run.id)
    const steps = await traceOf(source)
    const chosen = flags.step === undefined ? steps : steps.filter(({ step }) => step === flags.step)
    if (flags.step !== undefined && chosen.length === 0) throw unknownStep(flags.step, steps.length)
    if (flags.json === true) {
      for (const step of chosen) await readTexts(step, source.blobs)
      printJson(flags.step === undefined ? { run_id: run.id, steps: chosen } : chosen[0])
      return EXIT.ok
    }
    const screen = stdout()
    const short = shortId(run.id, runs.map(({ id }) => id))
    const full = flags.full === true || flags.step !== undefined
    for (const step of chosen) {
      await readTexts(step, source.blobs)
      screen.line(stepBlock(screen, step, { full, hint: `${programName()} trace ${short} --step ${step.step}${storeArgument(flags)}` }))
      screen.line()
    }
    if (steps.length === 0) screen.line('The agent has not done anything yet.')
    else if (flags.step === undefined) screen.line(screen.colors.dim(`${count(steps.length, 'step')} in ${duration((steps.at(-1)?.ended_at ?? 0) - (steps[0]?.started_at ?? 0))}${run.sealed ? '' : run.served ? '; the run is going on' : `; the run was cut off: ${programName()} resume ${short}${storeArgument(flags)}`}`))
    return EXIT.ok
  } finally {
    await client.close()
  }
}
