import { join } from 'node:path'
import { mkdirSync } from 'node:fs'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import { KymoError, isKymoError } from '../../schemas/errors.ts'
import { serviceSettings } from '../../schemas/services.ts'
import type { ServiceFacts } from '../../schemas/services.ts'
import type { ProfileName } from '../../schemas/task.ts'
import type { BlobStore } from '../blobs/index.ts'
import type { Attempt, EffectHandler } from './attempt.ts'
import type { Respond } from './completion/index.ts'
import { gradeTree } from './grading/index.ts'
import { pythonKey } from './machine-room.ts'
import type { MachineRoom } from './machine-room.ts'
import { dataForRun, evaluatorKey, loadTask, prepareDependencies, taskFor } from './tasks/index.ts'

const profileOf = (text: string): ProfileName => {
  if (text === 'small' || text === 'full') return text
  throw new KymoError('KYMO_GRADER', `there is no profile "${text}"`)
}

/** Grades a tree with the evaluator that the run began with; a changed evaluator is an error, not another score. */
export const gradingHandler = (room: MachineRoom, blobs: BlobStore, respond: (attempt: Attempt) => Respond): EffectHandler => async (attempt) => {
  const { request, runId, signal } = attempt
  const spec = request.grading
  if (spec === undefined) return { ok: false, error: { source: 'system', code: 'no_spec', message: 'the grading says nothing' } }
  const started = performance.now()
  try {
    const task = await loadTask(spec.task)
    const profile = profileOf(spec.profile)
    const data = await dataForRun(taskFor(task, profile), profile, { python: () => room.python(pythonKey(prepareDependencies(task.manifest.profiles[profile]))) })
    const key = await evaluatorKey(task, profile, data)
    if (spec.evaluator !== '' && key !== spec.evaluator) {
      return { ok: false, error: { source: 'task', code: 'evaluator_changed', message: `the evaluator of ${spec.task} is not the one that this run began with: restore it, then "kymo resume"` } }
    }
    const [sandbox, interpreter] = await Promise.all([room.sandbox(), room.python(spec.python_key)])
    const workDir = join(room.folder(), runId)
    mkdirSync(workDir, { recursive: true })
    const services = spec.services === undefined ? undefined : serviceSettings.parse(JSON.parse(spec.services))
    let asked: string | undefined
    const onServices = (facts: ServiceFacts): void => { asked = canonicalJson(facts) }
    const grading = await gradeTree({ task, profile, tree: spec.tree, data, services, respond: respond(attempt), onServices, blobs, sandbox, interpreter, seed: spec.seed, signal, workDir })
    return { ok: true, outcome: { grading, clock: { wall_ms: performance.now() - started, cpu_ms: 0, max_rss_bytes: 0, sandbox: sandbox.facts(), environment: '', provider_request: '', ...(asked === undefined ? {} : { services: asked }) } } }
  } catch (error) {
    if (isKymoError(error, 'KYMO_GRADER')) return { ok: false, error: { source: 'task', code: 'grader_failed', message: error.message.toWellFormed().slice(0, 4000) } }
    throw error
  }
}
