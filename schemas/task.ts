import { LineCounter, isMap, isNode, isPair, parseDocument } from 'yaml'
import type { Document } from 'yaml'
import { z } from 'zod'
import { KymoError, messageOf } from './errors.ts'
import { servicesSchema } from './services.ts'
import { PROFILES } from './profile-names.ts'
import { isSafePath } from './tree.ts'

export { PROFILES } from './profile-names.ts'

/** What a person writes in tasks/<name>/task.yaml. tasks/README.md explains every field to authors. */

const text = (what: string) => z.string({ error: `write ${what}` }).trim().min(1, { error: `write ${what}` })
const path = (what: string) => text(what).refine(isSafePath, { error: `write ${what} as a path inside the task's folder, without .. and without a leading slash` })
const yesNo = (what: string) => z.boolean({ error: `write true or false: ${what}` })
const whole = (what: string, least = 1) => z.int({ error: `write a whole number: ${what}` }).min(least, { error: `write a whole number of at least ${least}: ${what}` })
const amount = (what: string) => z.number({ error: `write a number: ${what}` }).positive({ error: `write a number above zero: ${what}` })

const metricSchema = z.strictObject({
  name: text('the metric\'s name, for example accuracy'),
  unit: text('the metric\'s unit, for example s; 1 where there is none').default('1'),
  higher_is_better: yesNo('is a higher value better?'),
})

/** Limits of one script; defaults as measured in the project's executor study. Memory and sizes in MiB. */
const scriptLimitsSchema = z.strictObject({
  wall_seconds: amount('how long one script may run').default(60),
  memory_mib: whole('memory of a script and all it starts, in MiB', 64).default(2048),
  processes: whole('how many processes and threads').default(128),
  file_mib: whole('the largest file a script may write, in MiB').default(512),
  disk_mib: whole('how much a script may add to the workspace, in MiB').default(1024),
  tmp_mib: whole('size of /tmp, in MiB').default(256),
  shm_mib: whole('size of /dev/shm, in MiB').default(512),
  open_files: whole('how many open files', 16).default(1024),
  output_mib: whole('how much a script may print before it is stopped, in MiB').default(64),
  threads: whole('threads that numerical libraries may use').default(1),
})
export type ScriptLimits = z.infer<typeof scriptLimitsSchema>

const pythonSchema = z.strictObject({
  requires: z.string({ error: 'write a version like \'>=3.9\'' }).regex(/^>=3\.\d+$/, { error: 'write a version like \'>=3.9\'' }).default('>=3.9'),
  dependencies: z.array(text('a pip requirement like numpy>=1.24'), { error: 'write a list of pip requirements, [] for none' }).default([]),
  debian: z.array(text('a Debian package like python3-numpy'), { error: 'write a list of Debian packages, [] for none' }).default([]),
})

const improvement = z.number({ error: 'write the improvement that counts as success, for example 0.1' }).min(0)
const globs = z.array(text('a glob of paths that an agent may not write, for example data/*'), { error: 'write a list of globs, [] for none' })

/** What must be there before a data set can be fetched: an account that has accepted its rules. */
export const CONSENTS = ['kaggle', 'huggingface'] as const
export type Consent = (typeof CONSENTS)[number]

const profileSchema = z.strictObject({
  python: pythonSchema.prefault({}),
  /** what prepare.py imports, where that is something else than scripts do */
  prepare_python: z.strictObject({ dependencies: pythonSchema.shape.dependencies, debian: pythonSchema.shape.debian }).optional(),
  script: scriptLimitsSchema.prefault({}),
  gpu: whole('how many GPUs a script needs, 0 for none', 0).default(0),
  network: yesNo('may scripts reach the network?').default(false),
  download_mib: z.number({ error: 'write how much preparing downloads, in MiB' }).min(0).default(0),
  disk_mib: z.number({ error: 'write how much disk the prepared data and its downloads take, in MiB' }).min(0).default(0),
  consent: z.enum(CONSENTS, { error: `write whose account the download needs: ${CONSENTS.join(' or ')}; leave it out where none is` }).optional(),
  hardware: text('what hardware this profile needs, for people'),
  // In place of what the task says for both profiles.
  description: path('the file the agent reads in this profile').optional(),
  starter: path('the folder of files the agent starts with in this profile').optional(),
  entry: path('the starter script of this profile').optional(),
  reference: path('the improved solution of this profile').optional(),
  read_only: globs.optional(),
  success_improvement: improvement.optional(),
  grading: z.strictObject({
    evaluator: path('the evaluator of this profile').optional(),
    worker: path('the worker of this profile').optional(),
    repeats: whole('how many measurements').optional(),
    start_seconds: amount('how long a worker may take to import the submission').optional(),
    call_seconds: amount('how long one call of the submission may take').optional(),
    total_seconds: amount('how long one grading may take').optional(),
  }).optional(),
})
export type TaskProfile = z.infer<typeof profileSchema>

const gradingSchema = z.strictObject({
  evaluator: path('the evaluator, for example evaluate.py'),
  worker: path('the program that runs the submission in the sandbox, for example worker.py').optional(),
  files: z.array(path('a file or folder that the evaluator reads')).default([]),
  answers: path('the folder of hidden answers').optional(),
  starter_timed: yesNo('does the evaluator also run the starter through the worker?').default(false),
  repeats: whole('how many measurements').default(3),
  start_seconds: amount('how long a worker may take to import the submission').default(60),
  call_seconds: amount('how long one call of the submission may take').default(60),
  total_seconds: amount('how long one grading may take').default(900),
})


const forgerySchema = z.strictObject({
  file: path('the forged script, for example forged/zeros.py'),
  attempt: text('what it tries'),
  expect: text('the code the grader refuses it with, or no_gain when it is graded and does not pass for an improvement'),
  profiles: z.array(z.enum(PROFILES), { error: 'write a list of profiles, like [small, full]' }).min(1).default(['small']),
  run: yesNo('is the script run before it is graded? false where its code is the submission and running it shows nothing').default(true),
})
export type Forgery = z.infer<typeof forgerySchema>

const dataSchema = z.strictObject({
  prepare: path('the program that makes the data, for example prepare.py'),
  files: z.array(path('a file or folder that it reads')).default([]),
})

const manifestSchema = z.strictObject({
  name: z.string({ error: 'write the folder\'s name' }).regex(/^[a-z0-9]+(-[a-z0-9]+)*$/i, { error: 'write a name of letters, digits and single hyphens, equal to the folder\'s' }),
  title: text('a title of a few words'),
  summary: text('one sentence that says what an agent has to do'),
  description: path('the file the agent reads, for example description.md'),
  starter: path('the folder of files the agent starts with, for example starter'),
  entry: path('the starter script that the baseline runs, for example train.py'),
  metric: metricSchema,
  success_improvement: improvement.default(0.1),
  read_only: globs.default([]),
  data: dataSchema.optional(),
  profiles: z.strictObject({ small: profileSchema, full: profileSchema }, { error: 'write the two profiles small and full' }),
  grading: gradingSchema,
  reference: path('the improved solution, for example reference/train.py').optional(),
  forged: z.array(forgerySchema, { error: 'write a list of {file, attempt, expect}' }).default([]),
  demo: path('a script for the scripted agent, for example demo.yaml').optional(),
  actions: path('a file of actions that this task adds, for example tools.yaml').optional(),
  services: servicesSchema.optional(),
  source: z.strictObject({
    licence: text('the licence of the task\'s own files, for example MIT'),
    data: text('where the data comes from and under which licence; "generated" if it is'),
  }),
  paper: z.strictObject({
    row: text('the task\'s row in the paper\'s Table 1'),
    metric: text('the metric of the paper\'s own implementation'),
    baseline: z.number({ error: 'write the baseline the paper\'s plots used' }).optional(),
    note: text('what a reader must know before comparing').optional(),
  }).optional(),
})
export type TaskManifest = z.infer<typeof manifestSchema>
export type ProfileName = keyof TaskManifest['profiles']

/** The manifest as it is for one profile: what the profile says for itself stands in place of the common word. Applying it twice changes nothing. */
export function manifestFor(manifest: TaskManifest, profile: ProfileName): TaskManifest {
  const own = manifest.profiles[profile]
  const pick = <Key extends 'description' | 'starter' | 'entry' | 'reference' | 'read_only' | 'success_improvement'>(key: Key) => (own[key] === undefined ? {} : { [key]: own[key] })
  return {
    ...manifest, ...pick('description'), ...pick('starter'), ...pick('entry'), ...pick('reference'), ...pick('read_only'), ...pick('success_improvement'),
    grading: { ...manifest.grading, ...Object.fromEntries(Object.entries(own.grading ?? {}).filter(([, value]) => value !== undefined)) },
  }
}

/**
 * A manifest from its YAML. Throws KYMO_TASK_MANIFEST with every problem on a line of its own: file, line, field and what to write there.
 */
export function parseTaskManifest(source: string, file: string): TaskManifest {
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, merge: true })
  const broken = document.errors[0]
  if (broken !== undefined) throw manifestError([`${file} line ${lines.linePos(broken.pos[0]).line}: this is not YAML: ${broken.message}`])
  if (!isMap(document.contents)) throw manifestError([`${file} line 1: write a YAML mapping that begins with name: and title:`])
  const result = manifestSchema.safeParse(plain(document, file))
  if (result.success) return result.data
  const problems = result.error.issues.flatMap((issue) => {
    const unknown = issue.code === 'unrecognized_keys'
    const paths = unknown ? issue.keys.map((key) => [...issue.path, key]) : [issue.path]
    const advice = unknown ? 'there is no such field; remove it or correct its spelling' : issue.message
    return paths.map((at) => ({ field: at.map(String).join('.') || 'top level', line: lineOf(document, lines, at), advice }))
  })
  problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
  throw manifestError(problems.map(({ field, line, advice }) => `${file}${line === undefined ? '' : ` line ${line}`}, ${field}: ${advice}`))
}

/** Resolving aliases may fail although the text parsed: an unknown one, or some that multiply each other. */
function plain(document: Document, file: string): unknown {
  try {
    return document.toJS()
  } catch (error) {
    throw manifestError([`${file}: this is not YAML that can be read: ${messageOf(error)}`])
  }
}

const manifestError = (problems: string[]): KymoError => new KymoError('KYMO_TASK_MANIFEST', problems.join('\n'))

/** Line of the innermost node that exists on the way to `path`: a missing field is reported where its parent begins. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const key = path[length - 1]
    const pair = isMap(parent) ? parent.items.find((item) => isPair(item) && String(item.key) === String(key)) : undefined
    const node: unknown = pair?.key ?? document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return path.length === 0 ? 1 : undefined
}
