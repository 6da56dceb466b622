import { resolve } from 'node:path'
import { KymoError } from '../../../schemas/errors.ts'
import { exportAnswers, recordingOf } from '../../effects/completion/recorded/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { StoreFlags } from '../flags.ts'
import { bytes, count } from '../format.ts'
import { printJson, stdout } from '../output.ts'
import { shortId } from '../run-names.ts'
import { findRun, openStore, quote } from '../store.ts'
import { refuseFolder } from './bundle.ts'

/** `kymo export RUN --format answers --out FILE`. */
export async function exportAnswersOf(name: string, flags: StoreFlags & { out?: string }): Promise<number> {
  const client = await openStore(flags, { what: 'kymo export' })
  try {
    const { run, runs } = await findRun(client, name, flags)
    const short = shortId(run.id, runs.map(({ id }) => id))
    const out = flags.out ?? `${short}.answers.json`
    await refuseFolder(out)
    const recording = await recordingOf(client, run.id)
    if (recording.answers.length === 0) throw new KymoError('KYMO_ANSWERS', `run ${short} asked no model, so it has no answers. "kymo export ${short}" writes the whole run`)
    const written = await exportAnswers(recording, client.blobs, resolve(out))
    if (flags.json === true) printJson({ run_id: run.id, file: resolve(out), ...written })
    else {
      stdout().line(`${out}: ${count(written.answers, 'answer')}, ${bytes(written.bytes)}`)
      stdout().line(`Ask the same again without a model: kymo run TASK --model recorded/${quote(out)}`)
    }
    return EXIT.ok
  } finally {
    await client.close()
  }
}
