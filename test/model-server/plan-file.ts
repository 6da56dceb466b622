import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parse } from 'yaml'
import { z } from 'zod'
import { KymoError, messageOf } from '../../schemas/errors.ts'
import { everyRequest, faultQueue, firstOf, inOrder, lastText } from './plan.ts'
import type { ModelServerOptions } from './server.ts'
import { FAULTS, faultSchema, replySchema } from './types.ts'
import type { ModelRequest, Reply } from './types.ts'

const pattern = z.string().transform((text, context) => {
  try {
    return new RegExp(text, 's')
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) })
    return z.NEVER
  }
})
const reply = z.union([z.string().transform((text): Reply => ({ text })), replySchema])
const planned = z.union([z.enum([...FAULTS, 'ok']), faultSchema])

/**
 * What a server process says, as YAML. Rules come first and answer any number of times (`when` is compared with the last thing said to the model);
 * what no rule answers takes the replies in order, and a request that came before has the reply that it had. `faults` has one entry per request,
 * `everyRequest` what each request meets in its first attempts.
 */
const planSchema = z.strictObject({
  replies: z.array(reply).default([]),
  rules: z.array(z.strictObject({ when: pattern.optional(), system: pattern.optional(), model: pattern.optional(), reply })).default([]),
  faults: z.array(planned).default([]),
  everyRequest: z.array(planned).default([]),
  contextTokens: z.number().int().positive().optional(),
  models: z.array(z.string()).optional(),
})

type Plan = Pick<ModelServerOptions, 'reply' | 'faults' | 'contextTokens' | 'models'>
const moduleSchema = z.looseObject({
  reply: z.custom<ModelServerOptions['reply']>((value) => typeof value === 'function'),
  faults: z.custom<NonNullable<ModelServerOptions['faults']>>((value) => typeof value === 'function').optional(),
})

const wrong = (path: string, why: string, cause?: unknown): KymoError =>
  new KymoError('KYMO_MODEL_SERVER_PLAN', `${path} is no plan for a model server: ${why}. A plan is YAML with replies, rules or faults, or a module that exports reply(request).`, { cause })

function ofText(path: string, text: string): Plan {
  const { success, data: plan, error } = planSchema.safeParse(parse(text))
  if (!success) throw wrong(path, z.prettifyError(error).replaceAll('\n', ' '))
  const next = inOrder(plan.replies, { sameAgain: true })
  const fits = (request: ModelRequest) => (rule: typeof plan.rules[number]): boolean =>
    (rule.when?.test(lastText(request)) ?? true) && (rule.system?.test(request.system) ?? true) && (rule.model?.test(request.model) ?? true)
  return {
    reply: (request) => plan.rules.find(fits(request))?.reply ?? next(request),
    faults: firstOf(faultQueue(plan.faults), everyRequest(...plan.everyRequest)),
    ...(plan.contextTokens === undefined ? {} : { contextTokens: plan.contextTokens }),
    ...(plan.models === undefined ? {} : { models: plan.models }),
  }
}

/** Reads a plan: a YAML file, or a module (.js, .mjs) that exports `reply` and perhaps `faults`. Throws KYMO_MODEL_SERVER_PLAN. */
export async function readPlan(path: string): Promise<Plan> {
  try {
    if (!/\.m?js$/.test(path)) return ofText(path, readFileSync(path, 'utf8'))
    const { reply: says, faults } = moduleSchema.parse(await import(pathToFileURL(resolve(path)).href))
    return { reply: says, ...(faults ? { faults } : {}) }
  } catch (error) {
    throw error instanceof KymoError ? error : wrong(path, messageOf(error), error)
  }
}
