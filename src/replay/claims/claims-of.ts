import { parseTree } from '../../../schemas/tree.ts'
import { sha256Hex } from '../../../schemas/hash.ts'
import type { AnyEvent } from '../../../schemas/record.ts'
import { readTexts } from '../folds.ts'
import { traceProjection } from '../projections/index.ts'
import type { TraceStep } from '../projections/index.ts'
import { eventsOf } from '../source.ts'
import type { BlobReader, RunSource } from '../source.ts'
import { checkClaims } from './check-claims.ts'
import { isScript } from './script-record.ts'
import type { ClaimReport, ClaimRun, ClaimStep, Execution } from './types.ts'

/** A script larger than this is data; its numbers would support anything. */
const LARGEST_SCRIPT = 256 * 1024

type Started = Extract<AnyEvent, { type: 'run.started' }>['payload']
interface Facts { started: Started | undefined; /** step to the tree its script ran on */ trees: Map<number, string>; score: { value: number; baseline: number; improvement: number } | undefined; answer: string }

/** What the agent said that its own log does not support, computed from the log alone. */
export async function claimsOf(source: RunSource): Promise<ClaimReport> {
  return checkClaims(await claimRunOf(source))
}

async function claimRunOf(source: RunSource): Promise<ClaimRun> {
  const facts: Facts = { started: undefined, trees: new Map(), score: undefined, answer: '' }
  let trace = traceProjection.initial()
  for await (const event of eventsOf(source)) {
    trace = traceProjection.apply(trace, event)
    note(facts, event)
  }
  const files = filesOf(source.blobs)
  const steps: ClaimStep[] = []
  for (const step of traceProjection.result(trace)) steps.push(await claimStepOf(step, facts, source.blobs, files))
  const { started, score } = facts
  const data = new Set<string>()
  for (const { tree } of started?.layers ?? []) for (const path of (await files.of(tree))?.keys() ?? []) data.add(path.slice(path.lastIndexOf('/') + 1))
  return {
    run_id: source.runId, problem: await textOf(source.blobs, started?.problem?.ref), entry: started?.entry ?? '', metric: started?.grading?.metric ?? '', higher_is_better: started?.grading?.higher_is_better ?? true,
    steps, answer: await textOf(source.blobs, facts.answer), improvement: score?.improvement ?? null, score: score === undefined ? null : { value: score.value, baseline: score.baseline }, data, texts: files.texts,
  }
}

function note(facts: Facts, event: AnyEvent): void {
  if (event.type === 'run.started') facts.started = event.payload
  else if (event.type === 'execution.requested') facts.trees.set(event.payload.call, event.payload.tree)
  else if (event.type === 'score.recorded' && event.payload.final) facts.score = event.payload.score
  else if (event.type === 'run.finished') facts.answer = event.payload.answer?.ref ?? ''
}

async function claimStepOf(step: TraceStep, { trees }: Facts, blobs: BlobReader, files: Files): Promise<ClaimStep> {
  await readTexts(step, blobs)
  const { script } = step
  const before = await files.of(step.tree_before, true)
  let execution: Execution | null = null
  if (script !== null && script.script !== '') {
    const ranOn = await files.of(trees.get(step.step) ?? step.tree_before, true)
    const good = script.reason === 'exited' && script.exit_code === 0
    const how = script.reason === 'exited' ? `exit code ${script.exit_code}` : script.reason.replaceAll('_', ' ')
    execution = { script: script.script, good, how, output: `${script.stdout.text?.text ?? ''}\n${script.stderr.text?.text ?? ''}`, version: ranOn?.get(script.script) ?? '', seconds: script.wall_ms / 1000 }
  }
  const args = step.arguments?.text ?? ''
  return {
    step: step.step, action: step.action, arguments: args, fields: fieldsOf(args), thought: step.thought?.text ?? '', observation: step.observation?.text ?? '', accepted: step.accepted, execution,
    files: before ?? null, dropped: script?.dropped ?? [],
  }
}

interface Files {
  /** texts of scripts by hash */
  texts: ReadonlyMap<string, string>
  /** Paths and hashes of a tree's files; undefined where the manifest cannot be read. */
  of(tree: string, scripts?: boolean): Promise<ReadonlyMap<string, string> | undefined>
}

/** Manifests and the texts of scripts in them, each read once. */
function filesOf(blobs: BlobReader): Files {
  const texts = new Map<string, string>()
  const trees = new Map<string, ReadonlyMap<string, string> | undefined>()
  const read = async (tree: string, scripts: boolean): Promise<ReadonlyMap<string, string> | undefined> => {
    try {
      const entries = [...parseTree(Buffer.from(await blobs.get(tree)).toString()).values()].filter(({ kind }) => kind === 'file')
      if (scripts) for (const { path, sha256, size } of entries) if (isScript(path) && size <= LARGEST_SCRIPT && !texts.has(sha256)) texts.set(sha256, await textOf(blobs, sha256))
      return new Map(entries.map(({ path, sha256 }) => [path, sha256]))
    } catch {
      return undefined
    }
  }
  return {
    texts,
    of: async (tree, scripts = false) => {
      if (tree === '' || tree === sha256Hex('')) return new Map()
      if (!trees.has(tree)) trees.set(tree, await read(tree, scripts))
      return trees.get(tree)
    },
  }
}

const textOf = async (blobs: BlobReader, hash: string | undefined): Promise<string> => (hash === undefined || hash === '' ? '' : blobs.get(hash).then((bytes) => Buffer.from(bytes).toString(), () => ''))

function fieldsOf(args: string): Record<string, string> {
  try {
    const value: unknown = JSON.parse(args)
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).flatMap(([name, field]) => (typeof field === 'string' ? [[name, field]] : []))) : {}
  } catch {
    return {}
  }
}
