import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { KymoError } from '../../../schemas/errors.ts'
import { EXIT } from '../exit-codes.ts'
import type { StoreFlags } from '../flags.ts'
import { bytes, count, printable, printableName } from '../format.ts'
import { nearest } from '../nearest.ts'
import { printJson, stdout } from '../output.ts'
import { programName } from '../program-name.ts'
import { openStore, findRun } from '../store.ts'
import type { StoreClient } from '../../bus/index.ts'
import { exportTree, loadTree } from '../../workspace/index.ts'
import { diffFiles, diffLine } from '../tree-diff-text.ts'
import { stepIndex, storeSource } from '../../replay/index.ts'
import type { RunSource } from '../../replay/index.ts'
import { dataOfRun } from '../run-data.ts'
import type { RunData } from '../run-data.ts'
import { chooseTree } from '../steps.ts'
import type { RunTrees } from '../steps.ts'
import { tableOf } from '../table.ts'
import { usageError } from '../usage-error.ts'

interface StepFlag extends StoreFlags { step?: number }

async function withTrees<T>(name: string, flags: StoreFlags, use: (client: StoreClient, trees: RunTrees, source: RunSource) => Promise<T>): Promise<T> {
  const client = await openStore(flags, { what: 'kymo workspace' })
  try {
    const { run } = await findRun(client, name, flags)
    await using source = await storeSource(client, run.id)
    return await use(client, { runId: run.id, index: await stepIndex(source) }, source)
  } finally {
    await client.close()
  }
}

/** `kymo workspace ls`: the task's data, which no run changes, is told in a line. */
export const ls = (name: string, flags: StepFlag): Promise<number> => withTrees(name, flags, async (client, trees, source) => {
  const entries = [...(await loadTree(chooseTree(trees, flags.step).tree, client.blobs)).values()]
  if (flags.json === true) {
    printJson(entries.map(({ path, kind, mode, sha256, size }) => ({ path, kind, mode: mode.toString(8), size, sha256 })))
    return EXIT.ok
  }
  const screen = stdout()
  if (entries.length === 0) screen.line('The workspace is empty.')
  else screen.line(tableOf(screen, [{ title: 'mode' }, { title: 'size', right: true }, { title: 'sha256' }, { title: 'file' }], entries.map((entry) => [entry.mode.toString(8), entry.kind === 'dir' ? '-' : bytes(entry.size), entry.sha256.slice(0, 12), printableName(entry.path) + (entry.kind === 'dir' ? '/' : '')])))
  const data = await dataOfRun(source, client.blobs)
  if (data.files.length > 0) screen.line(`\n${count(data.files.length, 'file')} of the task's data beside them, read-only, ${bytes(data.files.reduce((sum, { size }) => sum + size, 0))}: ${shortList(data.files.map(({ path }) => path))}`)
  return EXIT.ok
})

/** `kymo workspace cat`: the bytes as they are. */
export const cat = (name: string, path: string, flags: StepFlag): Promise<number> => withTrees(name, flags, async (client, trees, source) => {
  const { tree, words } = chooseTree(trees, flags.step)
  const entries = await loadTree(tree, client.blobs)
  const wanted = path.replace(/^(\.\/)+/, '').replace(/\/+$/, '')
  const entry = entries.get(wanted)
  if (entry === undefined || entry.kind === 'dir') {
    const data = await dataOfRun(source, client.blobs)
    const found = data.files.find((file) => file.path === wanted)
    if (found === undefined) throw usageError(noFile(wanted, [...[...entries.values()].filter(({ kind }) => kind === 'file'), ...data.files].map((file) => file.path), words))
    // What an action read of the data is in the store, too.
    const kept = found.place === undefined && (await client.blobs.has([found.sha256]))[0] === true
    if (found.place === undefined && !kept) throw new KymoError('KYMO_TASK_NOT_PREPARED', `${wanted} belongs to the data of ${data.task} (${data.profile}) that this run began with, which is not on this machine. Type: ${programName()} task prepare ${data.task} --profile ${data.profile}`)
    if (found.place === undefined) await write(await client.blobs.get(found.sha256))
    else await pipeline(createReadStream(found.place), process.stdout, { end: false })
    return EXIT.ok
  }
  await write(await client.blobs.get(entry.sha256))
  return EXIT.ok
})

const write = (content: Uint8Array): Promise<void> => new Promise((done, fail) => { process.stdout.write(content, (error) => (error ? fail(error) : done())) })

function noFile(path: string, names: readonly string[], words: string): string {
  const inside = names.filter((one) => one.startsWith(`${path}/`))
  if (inside.length > 0) return `${path} is a folder of the workspace ${words}. It holds ${inside.slice(0, 5).join(', ')}${inside.length > 5 ? ', ...' : ''}; name one of these.`
  const near = nearest(path, names)
  return `There is no file ${path} in the workspace ${words}.${near === undefined ? '' : ` Did you mean ${near}?`} The files are: ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', ...' : ''}.`
}

interface DiffFlags extends StepFlag { from?: number; to?: number }

/** `kymo workspace diff`: the run's whole change, one step's, or what lies between two steps. */
export const diff = (name: string, flags: DiffFlags): Promise<number> => {
  if (flags.step !== undefined && (flags.from !== undefined || flags.to !== undefined)) throw usageError('--step N shows one step, --from A --to B what lies between two: give one or the other.')
  return withTrees(name, flags, async (client, trees) => {
    const from = chooseTree(trees, flags.step === undefined ? flags.from ?? 0 : Math.max(0, flags.step - 1))
    const to = chooseTree(trees, flags.step ?? flags.to)
    const files = await diffFiles(await loadTree(from.tree, client.blobs), await loadTree(to.tree, client.blobs), (hash) => client.blobs.get(hash), { before: from.words, after: to.words })
    if (flags.json === true) {
      printJson({ run_id: trees.runId, from: { step: from.step, tree: from.tree }, to: { step: to.step, tree: to.tree }, files })
      return EXIT.ok
    }
    const screen = stdout()
    if (files.length === 0) {
      screen.line(`Nothing differs between the workspace ${from.words} and ${to.words}.`)
      return EXIT.ok
    }
    for (const file of files) {
      screen.line(screen.colors.bold(printable(diffLine(file))))
      if (file.patch !== null) screen.line(file.patch.trimEnd().split('\n').map((line) => paint(screen.colors, printable(line))).join('\n'))
    }
    screen.line(screen.colors.dim(`${count(files.length, 'file')} differ${files.length === 1 ? 's' : ''} between the workspace ${from.words} and ${to.words}`))
    return EXIT.ok
  })
}

function paint(colors: ReturnType<typeof stdout>['colors'], line: string): string {
  if (line.startsWith('+++') || line.startsWith('---')) return colors.dim(line)
  if (line.startsWith('@@')) return colors.cyan(line)
  return line.startsWith('+') ? colors.green(line) : line.startsWith('-') ? colors.red(line) : line
}

/** A few names. */
const shortList = (names: readonly string[]): string => names.slice(0, 6).map(printableName).join(', ') + (names.length > 6 ? ', ...' : '')

/** `kymo workspace checkout`: without the task's data, which may be large; it is said where they lie. */
export const checkout = (name: string, folder: string, flags: StepFlag): Promise<number> => withTrees(name, flags, async (client, trees, source) => {
  const { tree, step, words } = chooseTree(trees, flags.step)
  const directory = resolve(folder)
  await exportTree(tree, directory, client.blobs)
  const files = (await loadTree(tree, client.blobs)).size
  if (flags.json === true) printJson({ run_id: trees.runId, step, tree, folder: directory, files })
  else {
    stdout().line(`${count(files, 'file')} of the workspace ${words} written to ${folder}`)
    const data = await dataOfRun(source, client.blobs)
    if (data.files.length > 0) stdout().line(whereData(data, folder))
  }
  return EXIT.ok
})

const whereData = ({ task, profile, files, folder }: RunData, target: string): string =>
  `The task's data (${count(files.length, 'file')}) are not among them. ${folder === undefined ? `Have them here with: ${programName()} task prepare ${task} --profile ${profile}` : `To run its scripts there: cp -r ${folder}/. ${target}`}`
