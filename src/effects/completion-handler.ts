import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { completionParams, scriptedReply } from '../../schemas/completion.ts'
import type { BlobStore } from '../blobs/index.ts'
import type { EffectHandler } from './attempt.ts'

const replies = z.array(z.union([scriptedReply, z.array(scriptedReply).min(1)]))

/** Completions without a model: the n-th question of a run gets the n-th reply, and a list of replies answers one try after the other. */
export const completionHandler = (blobs: BlobStore): EffectHandler => async ({ request, signal, put }) => {
  const spec = request.completion
  if (spec === undefined) return { ok: false, error: { source: 'system', code: 'no_spec', message: 'the completion says nothing' } }
  if (spec.provider !== 'scripted') return { ok: false, error: { source: 'user', code: 'unknown_provider', message: `there is no provider "${spec.provider}" yet; "scripted" answers from a file` } }
  const params = completionParams.extend({ index: z.number().int().nonnegative().default(0), delay_ms: z.number().nonnegative().optional() }).parse(JSON.parse(spec.params))
  if (params.replies === undefined) return { ok: false, error: { source: 'user', code: 'no_replies', message: 'the scripted provider was given no replies: put a list "replies" into the script file' } }
  const list = replies.parse(JSON.parse(Buffer.from(await blobs.get(params.replies)).toString()))
  const entry = list[params.index]
  const reply = Array.isArray(entry) ? (entry[request.call - 1] ?? entry.at(-1)) : entry
  if (reply === undefined) return { ok: false, error: { source: 'user', code: 'no_reply_left', message: `the script holds ${list.length} replies, and this is question ${params.index + 1}` } }
  if (params.delay_ms !== undefined) await sleep(params.delay_ms, undefined, { signal }).catch(() => undefined)
  if (typeof reply !== 'string') return { ok: false, error: { source: 'provider', code: 'scripted_error', message: reply.error }, retryable: reply.retryable }
  const text = Buffer.from(reply.toWellFormed())
  const ref = await put(text)
  return {
    ok: true,
    outcome: { completion: { reply: { ref, bytes: text.length }, raw: { ref, bytes: text.length }, stop_reason: 'stop', served_model: 'scripted', input_tokens: 0, output_tokens: 0, cost_usd: 0, source: 'scripted' } },
  }
}
