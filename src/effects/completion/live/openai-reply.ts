import type OpenAI from 'openai'
import type { StopReason, Usage } from '../provider.ts'
import { BadReply, argumentsOf, count } from './reply.ts'
import type { Reply } from './reply.ts'

type Completion = OpenAI.Chat.ChatCompletion
type Chunk = OpenAI.Chat.ChatCompletionChunk

/** A chat completion as OpenAI sends it, or a server that speaks like it: those leave out whatever they like. */
export function openaiReply(completion: Partial<Completion> | null | undefined): Reply {
  const choice = completion?.choices?.[0]
  if (choice?.message === undefined || choice.message === null) throw new BadReply('the reply holds no message')
  const { message } = choice
  const toolCalls = (message.tool_calls ?? []).flatMap((call, index) => (call.type === 'custom' ? [] : [{ id: call.id || `call_${index + 1}`, name: call.function?.name ?? '', arguments: argumentsOf(call.function?.arguments ?? '') }]))
  const reply = message.content ?? ''
  const refusal = message.refusal ?? ''
  return {
    reply: refusal === '' ? reply : refusal, toolCalls, stopReason: refusal === '' ? stopOf(choice.finish_reason, toolCalls.length > 0) : 'refusal', servedModel: completion?.model ?? '', usage: usageOf(completion?.usage),
  }
}

/** Puts the parts of a stream together. `finished` is false when it ended before its end. */
export function openaiStream(): { add: (chunk: Chunk) => string; finished: () => boolean; completion: () => Partial<Completion> } {
  let content = ''
  let refusal = ''
  let model = ''
  let finish: Chunk['choices'][number]['finish_reason'] = null
  let usage: Completion['usage']
  const calls: Array<{ id: string; name: string; arguments: string }> = []
  return {
    add: (chunk) => {
      model ||= chunk.model ?? ''
      usage = chunk.usage ?? usage
      const choice = chunk.choices?.[0]
      if (choice === undefined) return ''
      finish = choice.finish_reason ?? finish
      const { delta } = choice
      content += delta?.content ?? ''
      refusal += delta?.refusal ?? ''
      for (const part of delta?.tool_calls ?? []) {
        const at = part.index ?? (part.id === undefined ? calls.length - 1 : calls.length)
        const call = (calls[Math.max(0, at)] ??= { id: '', name: '', arguments: '' })
        call.id ||= part.id ?? ''
        call.name += part.function?.name ?? ''
        call.arguments += part.function?.arguments ?? ''
      }
      return delta?.content ?? ''
    },
    finished: () => finish !== null,
    completion: () => ({
      model, ...(usage === undefined ? {} : { usage }),
      choices: [{
        index: 0, finish_reason: finish ?? 'stop', logprobs: null,
        message: { role: 'assistant', content, refusal: refusal === '' ? null : refusal, tool_calls: calls.filter((call) => call !== undefined).map(({ id, name, arguments: text }) => ({ id, type: 'function' as const, function: { name, arguments: text } })) },
      }],
    }),
  }
}

/** Servers that only speak like OpenAI have words of their own. */
function stopOf(reason: string | null | undefined, calls: boolean): StopReason {
  const word = (reason ?? '').toLowerCase()
  if (word === 'length' || word === 'max_tokens' || word === 'model_length') return 'length'
  if (/^(content_filter|safety|prohibited_content|blocklist|recitation|spii)/.test(word)) return 'content_filter'
  return calls ? 'tool_calls' : 'stop'
}

function usageOf(usage: Completion['usage'] | null): Usage {
  const details = usage?.prompt_tokens_details
  return { input: count(usage?.prompt_tokens), output: count(usage?.completion_tokens), cached: count(details?.cached_tokens), cacheWrite: count(details?.cache_write_tokens) }
}
