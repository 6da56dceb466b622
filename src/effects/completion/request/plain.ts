import type { RoleSettings } from '../../../../schemas/completion.ts'
import { sha256Hex } from '../../../../schemas/hash.ts'
import type { ProviderRequest } from '../provider.ts'
import { anthropicBody } from './anthropic-body.ts'
import { toMessages } from './messages.ts'
import { readOmit } from './omit.ts'
import { openaiBody } from './openai-body.ts'

/** A request of a few plain messages, without tools and without a record of its own. */
export function plainRequest(
  settings: RoleSettings, messages: ReadonlyArray<{ role: 'system' | 'user' | 'assistant'; content: string }>, { nth, tries, omit }: { nth: number; tries: number; omit: readonly string[] },
): ProviderRequest {
  const { provider, model, temperature, effort } = settings
  const omitted = readOmit([...(settings.omit ?? []), ...omit])
  const told = toMessages(messages.map(({ role, content }) => ({ role, text: content, toolCalls: [], keep: true, breakpoint: false })), false)
  const max_tokens = Math.min(settings.max_tokens, omitted.cap)
  const body = (provider === 'anthropic' ? anthropicBody : openaiBody)({ provider, model, messages: told, tools: [], temperature, max_tokens, stop: [], stream: settings.stream === true, effort, omitted })
  return {
    provider, model, messages: told, tools: [], ...(temperature === undefined ? {} : { temperature }), max_tokens, stop: [], settings, body, key: sha256Hex('kymo.completion\0', provider, '\0', body),
    endpoint: settings.base_url ?? '', role: 'service', nth, tries,
  }
}
