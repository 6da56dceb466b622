import { z } from 'zod'
import { canonicalJson } from '../../../../schemas/canonical-json.ts'
import { sha256 } from '../../../../schemas/hash.ts'
import type { ProviderAnswer } from '../provider.ts'

type Good = Extract<ProviderAnswer, { ok: true }>

const tokens = z.number().nonnegative()
const entry = z.object({
  format: z.literal(1),
  key: z.string(),
  reply: z.string(),
  tool_calls: z.array(z.object({ id: z.string(), name: z.string(), arguments: z.record(z.string(), z.unknown()) })),
  stop_reason: z.enum(['stop', 'stop_sequence', 'tool_calls']),
  served_model: z.string(),
  usage: z.object({ input: tokens, output: tokens, cached: tokens, cacheWrite: tokens }),
  provider_request: z.string(),
  raw: z.base64(),
})

/**
 * Failures may pass, refusals and filters may be lifted, and a reply that was cut off or says nothing is what a second try is
 * for: only whole replies of a live provider are kept.
 */
export const isWorthKeeping = (answer: ProviderAnswer): answer is Good =>
  answer.ok && answer.source === 'live' && entry.shape.stop_reason.safeParse(answer.stopReason).success && (answer.reply.trim() !== '' || answer.toolCalls.length > 0)

/** An answer with its own check sum, since nothing else vouches for the bytes of a view. */
export function encodeEntry(key: string, { reply, toolCalls, stopReason, servedModel, usage, providerRequest, raw }: Good): Uint8Array {
  const text = Buffer.from(canonicalJson({
    format: 1, key, reply: reply.toWellFormed(), tool_calls: toolCalls, stop_reason: stopReason, served_model: servedModel, usage: { ...usage }, provider_request: providerRequest, raw: Buffer.from(raw).toString('base64'),
  }))
  return Buffer.concat([sha256(text), text])
}

/** The answer in an entry; undefined when it is damaged, of another version or for another request. */
export function decodeEntry(key: string, bytes: Uint8Array): Good | undefined {
  const text = bytes.subarray(32)
  if (Buffer.compare(sha256(text), bytes.subarray(0, 32)) !== 0) return undefined
  const parsed = entry.safeParse(JSON.parse(Buffer.from(text).toString()))
  if (!parsed.success || parsed.data.key !== key) return undefined
  const { reply, tool_calls, stop_reason, served_model, usage, provider_request, raw } = parsed.data
  return {
    ok: true, reply, toolCalls: tool_calls, stopReason: stop_reason, servedModel: served_model, usage, raw: Buffer.from(raw, 'base64'), providerRequest: provider_request, source: 'cache',
  }
}
