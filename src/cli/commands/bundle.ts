import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { KymoError, messageOf } from '../../../schemas/errors.ts'
import type { StoreClient } from '../../bus/index.ts'
import { bundleSource, exportBundle, importBundle, storeSource, storeViews } from '../../replay/index.ts'
import type { ImportingStore } from '../../replay/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { StoreFlags } from '../flags.ts'
import { bytes, count } from '../format.ts'
import { printJson, stdout } from '../output.ts'
import { shortId } from '../run-names.ts'
import { findRun, openStore, quote, storeArgument, storeName } from '../store.ts'
import { usageError } from '../usage-error.ts'

/** `kymo export RUN --out FILE`. */
export async function exportRun(name: string, flags: StoreFlags & { format: string; out?: string }): Promise<number> {
  const client = await openStore(flags, { what: 'kymo export' })
  try {
    const { run, runs } = await findRun(client, name, flags)
    const out = flags.out ?? `${shortId(run.id, runs.map(({ id }) => id))}.kymo`
    await refuseFolder(out)
    await using source = await storeSource(client, run.id)
    const manifest = await exportBundle(source, resolve(out)).catch((error: NodeJS.ErrnoException) => {
      if (typeof error.code === 'string' && error.code.startsWith('E')) throw new KymoError('KYMO_EXPORT', `${out} cannot be written (${error.message}). Name another file with --out`, { cause: error })
      throw error
    })
    const size = (await stat(out)).size
    if (flags.json === true) printJson({ run_id: run.id, file: resolve(out), bytes: size, ...manifest.counts, head_hash: manifest.head.hash, sealed: manifest.sealed })
    else {
      stdout().line(`${out}: ${count(manifest.counts.records, 'record')}, ${count(manifest.counts.blobs, 'blob')}, ${bytes(size)}${manifest.sealed ? '' : '; the run is not finished'}`)
      stdout().line(`Anybody can check it, without a store: kymo verify ${quote(out)}`)
    }
    return EXIT.ok
  } finally {
    await client.close()
  }
}

/** Throws a usage error where a folder stands in the way of a file. */
export async function refuseFolder(out: string): Promise<void> {
  const facts = await stat(out).catch(() => undefined)
  if (facts?.isDirectory() === true) throw usageError(`${out} is a folder. Name a file with --out, like --out ${out.replace(/\/+$/, '')}/run.kymo.`)
}

/** `kymo import FILE`. */
export async function importRun(file: string, flags: StoreFlags): Promise<number> {
  const facts = await stat(file).catch((error: unknown) => { throw usageError(`${file} cannot be read (${messageOf(error)}). Name a file that "kymo export" wrote.`) })
  if (!facts.isFile()) throw usageError(`${file} is no file. Name a file that "kymo export" wrote.`)
  // Before a store is made for it.
  await (await bundleSource(file))[Symbol.asyncDispose]()
  const client = await openStore(flags, { what: 'kymo import', create: true })
  try {
    if (!canImport(client)) throw new KymoError('KYMO_IMPORT_REFUSED', 'the service of this store is older than this Kymo and cannot take runs in. End it with "kymo down" and try again')
    const imported = await importBundle(file, client)
    await storeViews(client, imported.run_id).catch(() => undefined)
    const short = shortId(imported.run_id)
    if (flags.json === true) printJson(imported)
    else {
      stdout().line(imported.already ? `Run ${short} is in ${storeName(flags)} already, the very same: nothing was changed.` : `Run ${short}: ${count(imported.events, 'record')} and ${count(imported.blobs, 'blob')} taken into ${storeName(flags)}.`)
      stdout().line(`Look at it: kymo show ${short}${storeArgument(flags)}`)
    }
    return EXIT.ok
  } finally {
    await client.close()
  }
}

const canImport = (client: StoreClient): client is StoreClient & ImportingStore => 'import' in client
