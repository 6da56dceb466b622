import type Anthropic from '@anthropic-ai/sdk'
import type { StopReason, ToolCall, Usage } from '../provider.ts'
import { BadReply, argumentsOf, count } from './reply.ts'
import type { Reply } from './reply.ts'

type Event = Anthropic.RawMessageStreamEvent
/** Input tokens are told without those that the prompt cache took or gave. */
interface Counted { input_tokens?: number | null; output_tokens?: number | null; cache_read_input_tokens?: number | null; cache_creation_input_tokens?: number | null }

/** A message as Anthropic sends it. */
export function anthropicReply(message: Partial<Anthropic.Message> | null | undefined): Reply {
  if (!Array.isArray(message?.content)) throw new BadReply('the reply holds no content')
  const texts: string[] = []
  const toolCalls: ToolCall[] = []
  for (const block of message.content) {
    if (block.type === 'text') texts.push(block.text)
    else if (block.type === 'tool_use') toolCalls.push({ id: block.id, name: block.name, arguments: typeof block.input === 'object' && block.input !== null ? (block.input as Record<string, unknown>) : { '': JSON.stringify(block.input) } })
  }
  const reply = texts.join('')
  return { reply: reply === '' && message.stop_reason === 'refusal' ? explanationOf(message.stop_details) : reply, toolCalls, stopReason: stopOf(message.stop_reason, toolCalls.length > 0), servedModel: message.model ?? '', usage: usageOf(message.usage ?? {}) }
}

/** Puts the events of a stream together. */
export function anthropicStream(): { add: (event: Event) => string; finished: () => boolean; reply: () => Reply } {
  let model = ''
  let stop: string | null = null
  let details: unknown
  let ended = false
  let counted: Counted = {}
  const blocks: Array<{ kind: 'text' | 'tool' | 'other'; text: string; id: string; name: string }> = []
  return {
    add: (event) => {
      switch (event.type) {
        case 'message_start':
          model = event.message.model
          counted = merged(counted, event.message.usage)
          return ''
        case 'content_block_start': {
          const { content_block: block } = event
          blocks[event.index] = block.type === 'tool_use' ? { kind: 'tool', text: '', id: block.id, name: block.name } : { kind: block.type === 'text' ? 'text' : 'other', text: block.type === 'text' ? block.text : '', id: '', name: '' }
          return block.type === 'text' ? block.text : ''
        }
        case 'content_block_delta': {
          const block = blocks[event.index]
          if (block === undefined) return ''
          const part = event.delta.type === 'text_delta' ? event.delta.text : event.delta.type === 'input_json_delta' ? event.delta.partial_json : ''
          block.text += part
          return block.kind === 'text' ? part : ''
        }
        case 'message_delta':
          stop = event.delta.stop_reason ?? stop
          details = event.delta.stop_details ?? details
          counted = merged(counted, event.usage)
          return ''
        case 'message_stop':
          ended = true
          return ''
        default: return ''
      }
    },
    finished: () => ended && stop !== null,
    reply: () => {
      const there = blocks.filter((block) => block !== undefined)
      const toolCalls = there.filter(({ kind }) => kind === 'tool').map(({ id, name, text }) => ({ id, name, arguments: argumentsOf(text) }))
      const reply = there.filter(({ kind }) => kind === 'text').map(({ text }) => text).join('')
      return { reply: reply === '' && stop === 'refusal' ? explanationOf(details) : reply, toolCalls, stopReason: stopOf(stop, toolCalls.length > 0), servedModel: model, usage: usageOf(counted) }
    },
  }
}

const explanationOf = (details: unknown): string => {
  const { explanation } = (details ?? {}) as { explanation?: unknown }
  return typeof explanation === 'string' ? explanation : ''
}

/** Later events tell some counts again; what they leave out stays. */
const merged = (before: Counted, after: Counted | null | undefined): Counted => ({ ...before, ...Object.fromEntries(Object.entries(after ?? {}).filter(([, value]) => typeof value === 'number')) })

function stopOf(reason: string | null | undefined, calls: boolean): StopReason {
  switch (reason) {
    case 'max_tokens':
    case 'model_context_window_exceeded': return 'length'
    case 'stop_sequence': return 'stop_sequence'
    case 'refusal': return 'refusal'
    default: return calls ? 'tool_calls' : 'stop'
  }
}

const usageOf = (usage: Counted): Usage => {
  const cached = count(usage.cache_read_input_tokens)
  const cacheWrite = count(usage.cache_creation_input_tokens)
  return { input: count(usage.input_tokens) + cached + cacheWrite, output: count(usage.output_tokens), cached, cacheWrite }
}
