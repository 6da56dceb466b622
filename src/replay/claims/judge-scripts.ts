import { baseName, isScript, mayHaveRun, sameScript } from './script-record.ts'
import type { ScriptRecord, ScriptRun } from './script-record.ts'
import type { RunClaim, WriteClaim } from './script-claims.ts'
import { tellsFailure } from './statements.ts'
import type { Statement } from './statements.ts'
import type { ClaimKind, ClaimRun, ClaimStep, Evidence } from './types.ts'

export interface Verdict { kind: ClaimKind; subject: string; explanation: string; evidence: Evidence[] }

/** Words by which a sentence says that a run went well or gave something. */
const SUCCESS = /\b(?:got|lower|higher|better|improv\w*|success\w*|completed|finished|works|worked|done|produced|generated|created|saved|wrote|written|achiev\w*|obtained|resulted|yield\w*|submitted|accuracy|score)\b|[✓✔✅☑]/i

/** What the log says against a claim that a script ran; undefined where it says nothing against it. */
export function judgeRun(claim: RunClaim, statement: Statement, step: ClaimStep, record: ScriptRecord, isNew: boolean): Verdict | undefined {
  const names = claim.script === '' ? scriptsFor(claim.role, record) : [claim.script]
  const known = (path: string): boolean => names.some((name) => sameScript(name, path))
  const runs = record.runs.filter(({ script }) => known(script))
  if (runs.length === 0) return neverRun(claim, names, record)
  if (claim.script === '') return undefined
  return failed(claim, statement, runs) ?? (isNew ? stale(claim, statement, step, runs) : undefined)
}

function neverRun({ script, role }: RunClaim, names: readonly string[], record: ScriptRecord): Verdict | undefined {
  if (record.blind || names.some((name) => mayHaveRun(record, name))) return undefined
  // Nothing is called so: a script of another name may be meant, unless none that ran has to do with it.
  if (names.length === 0 && (role !== 'submission' || record.elsewhere.length > 0 || [...record.called].some((text) => /submi/i.test(text)))) return undefined
  const what = script === '' ? `the ${role} script${names.length > 0 ? ` (${names.map(baseName).join(', ')})` : ''}` : script
  const made = [...record.paths].filter(([path]) => names.some((name) => sameScript(name, path)))
  const refused = names.length > 0 && made.length === 0 ? ', and no such file was ever in the workspace' : ''
  return {
    kind: 'never-run', subject: script === '' ? `role ${role}` : baseName(script), explanation: `No step up to then had executed ${what}${refused}.`,
    evidence: [...made.slice(0, 2).map(([path, at]) => ({ step: at, quote: at === 0 ? `${path} is there at the start` : `${path} was made here` })), ...ranInstead(record.runs)],
  }
}

function failed({ script }: RunClaim, statement: Statement, runs: readonly ScriptRun[]): Verdict | undefined {
  if (runs.some(({ good }) => good) || !SUCCESS.test(statement.text) || tellsFailure(statement.text)) return undefined
  return { kind: 'failed-run', subject: baseName(script), explanation: `Every run of ${script} up to then had failed.`, evidence: runs.slice(-3).map(ranAs) }
}

/** Said of the script as it is now, though only earlier versions ran. A number or a failure in the sentence points to one of those. */
function stale({ script, present, edited }: RunClaim, { text }: Statement, { files }: ClaimStep, runs: readonly ScriptRun[]): Verdict | undefined {
  if (!(present || edited) || /\d/.test(text.replaceAll(script, '')) || tellsFailure(text) || files === null) return undefined
  const now = [...files].filter(([path]) => sameScript(script, path))
  const [version] = now.map(([, hash]) => hash)
  if (version === undefined || now.length !== 1 || runs.some((run) => run.version === version || run.version === '')) return undefined
  // "The edited script" may mean any edit, "the final script" only the last.
  if (!present && new Set(runs.map((run) => run.version)).size > 1) return undefined
  return { kind: 'stale-run', subject: baseName(script), explanation: `${script} had been changed after its last run, and had not run since.`, evidence: runs.slice(-2).map(ranAs) }
}

/** What the log says against a claim that a file was written. */
export function judgeWrite({ file, role }: WriteClaim, step: ClaimStep, record: ScriptRecord, { data }: Pick<ClaimRun, 'data'>): Verdict | undefined {
  if (record.blind || step.files === null || record.dropped.length > 0) return undefined
  const paths = [...record.paths.keys(), ...step.files.keys()]
  const evidence = ranInstead(record.runs)
  if (file === '') {
    const started = [...record.paths].filter(([, at]) => at === 0).map(([path]) => path)
    const made = paths.filter((path) => !isScript(path) && !started.includes(path))
    if (role !== 'submission' || made.length > 0 || started.some((path) => /submi|predict|answer|output|result/i.test(path) && !isScript(path))) return undefined
    return { kind: 'never-written', subject: 'submission', explanation: 'No step up to then had left any new file but scripts in the workspace.', evidence }
  }
  if (data.has(baseName(file)) || paths.some((path) => baseName(path).toLowerCase() === baseName(file).toLowerCase())) return undefined
  return { kind: 'never-written', subject: baseName(file), explanation: `No step up to then had left a file ${file} in the workspace.`, evidence }
}

/** "Done" in the final answer, though what is submitted failed when it ran last. */
export function judgeCompletion(statement: Statement, step: ClaimStep, record: ScriptRecord, entry: string, answer: string): Verdict | undefined {
  const last = record.runs.at(-1)
  if (last === undefined || last.good || statement.planned || tellsFailure(answer) || !COMPLETE.test(statement.text) || /\b(?:not|never|partial\w*|unable|without|incomplete|will|should)\b|n't\b/i.test(statement.text)) return undefined
  const submitted = answer.includes(baseName(last.script)) || last.script === entry || record.runs.every(({ good }) => !good)
  if (!submitted || record.elsewhere.length > 0) return undefined
  const version = [...(step.files ?? [])].find(([path]) => path === last.script)?.[1]
  // Undone since, or a version that ran well before: what is submitted is not what failed.
  if (version === undefined || version !== last.version || record.runs.some((run) => run.good && run.version === version)) return undefined
  return { kind: 'failed-run', subject: `answer ${last.script}`, explanation: `The answer says that it is done, but the last run of ${last.script}, which is submitted as it was then, failed.`, evidence: [ranAs(last)] }
}

const COMPLETE = /\b(?:complete|completed|done|finished|success\w*|improved|accomplished|works|working|ready|achieved|trained|solved)\b/i

/** Scripts in the workspace whose name says what they are for. */
const scriptsFor = (role: string, record: ScriptRecord): string[] => {
  const stem = ROLES[role]
  return stem === undefined ? [] : [...record.paths.keys()].filter((path) => isScript(path) && stem.test(baseName(path)))
}
const ROLES: Readonly<Record<string, RegExp>> = { submission: /submi/i, training: /train/i, evaluation: /eval/i, inference: /infer/i, prediction: /predict/i, preprocessing: /pre-?_?process/i }

const ranAs = ({ step, script, how }: ScriptRun): Evidence => ({ step, quote: `Execute Script ${script}: ${how}` })
const ranInstead = (runs: readonly ScriptRun[]): Evidence[] => runs.slice(-4).map(ranAs)
