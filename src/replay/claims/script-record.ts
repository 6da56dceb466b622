import type { ClaimStep } from './types.ts'

/** A script's run that the log tells of. */
export interface ScriptRun { step: number; script: string; good: boolean; how: string; version: string; seconds: number }

/** What is known up to a step of scripts: which ran, which exist, and what else might have run them. */
export interface ScriptRecord {
  runs: ScriptRun[]
  /** actions that may run anything: a REPL, an action of a task's own */
  elsewhere: string[]
  /** texts of everything that ran, the files beside it included: one of them may call another */
  called: Set<string>
  /** every path the agent's own files ever had, and the step that first had it */
  paths: Map<string, number>
  /** a manifest could not be read: what is missing may have been there */
  blind: boolean
  dropped: string[]
}

export const noScripts = (): ScriptRecord => ({ runs: [], elsewhere: [], called: new Set(), paths: new Map(), blind: false, dropped: [] })

/** Actions that run nothing, whatever their arguments say. */
const STILL = new Set([
  'List Files', 'Read File', 'Write File', 'Append File', 'Copy File', 'Undo Edit Script', 'Execute Script', 'Request Help', 'Final Answer', 'Understand File', 'Inspect Script Lines', 'Edit Script (AI)',
  'Edit Script Segment (AI)', 'Reflection', 'Retrieval from Research Log', 'Append Summary to Research Log',
])
const IS_SCRIPT = /\.(?:py|sh|ipynb|R|jl)$/i

export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
export const isScript = (path: string): boolean => IS_SCRIPT.test(path)

/** Files that were there when the agent spoke. */
export function noteFiles(record: ScriptRecord, { step, files }: ClaimStep): void {
  if (files === null) record.blind = true
  else for (const path of files.keys()) if (!record.paths.has(path)) record.paths.set(path, step - 1)
}

/** What the step did, once it is done. */
export function noteRun(record: ScriptRecord, step: ClaimStep, texts: ReadonlyMap<string, string>): void {
  record.dropped.push(...step.dropped)
  if (!STILL.has(step.action) && step.accepted) record.elsewhere.push(step.arguments)
  const { execution } = step
  if (execution === null) return
  const { script, good, how, version, seconds } = execution
  record.runs.push({ step: step.step, script, good, how, version, seconds })
  for (const [path, hash] of step.files ?? []) if (isScript(path)) record.called.add(texts.get(hash) ?? '')
}

/** Do two names mean one file? A name without a folder means any folder's. */
export const sameScript = (said: string, path: string): boolean => said === path || (said.includes('/') ? path.endsWith(`/${said}`) || said.endsWith(`/${path}`) : baseName(path).toLowerCase() === said.toLowerCase())

/** Something that ran names the script, so it may have run it: the log cannot tell. */
export function mayHaveRun(record: ScriptRecord, script: string): boolean {
  const name = escaped(baseName(script))
  const stem = escaped(baseName(script).replace(/\.\w+$/, ''))
  const named = new RegExp(`${name}|\\bimport\\s+(?:[\\w., ]+,\\s*)?${stem}\\b|\\bfrom\\s+[.\\w]*${stem}\\s+import\\b|['"]${stem}['"]`, 'i')
  return [...record.elsewhere, ...record.called].some((text) => named.test(text))
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\-]/g, String.raw`\$&`)
