import { createHash } from 'node:crypto'
import { tokensIn } from './pieces.ts'
import type { CachedTokens } from './prompt-cache.ts'
import type { Answer, ModelRequest, Reply } from './types.ts'

/** Ids follow from the request, so that a run against this server can be repeated; a retry has others. */
function id({ body, attempt, wire }: ModelRequest, what: string): string {
  return createHash('sha256').update(JSON.stringify([wire, body, attempt, what])).digest('hex').slice(0, 24)
}

/** A model says no more once it has written a stop sequence, which is left out. */
function untilStop(text: string, stop: readonly string[]): { text: string; stopSequence: string | null } {
  const found = stop.map((sequence) => ({ sequence, at: text.indexOf(sequence) })).filter(({ at }) => at !== -1).sort((a, b) => a.at - b.at)[0]
  return found ? { text: text.slice(0, found.at), stopSequence: found.sequence } : { text, stopSequence: null }
}

/** Fills in what a provider adds to a reply: ids, where it stops (stop sequences, token limit) and usage. */
export function answerOf(reply: Reply, request: ModelRequest, tokens: CachedTokens): Answer {
  const limit = (request.maxTokens ?? Infinity) * 4
  const { text: said, stopSequence } = untilStop(reply.text ?? '', request.stop)
  const cut = said.length > limit
  const text = cut ? said.slice(0, limit).replace(/[\uD800-\uDBFF]$/, '') : said
  const prefix = request.wire === 'openai' ? 'call_' : 'toolu_'
  const toolCalls = cut || stopSequence !== null ? [] : (reply.toolCalls ?? []).map((call, index) => ({
    id: call.id ?? `${prefix}${id(request, `tool ${index}`)}`,
    name: call.name,
    arguments: typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments),
  }))
  const natural = cut ? 'length' : stopSequence !== null ? 'stop-sequence' : toolCalls.length > 0 ? 'tool-calls' : 'end'
  const thinking = reply.thinking ?? ''
  const usage = reply.usage ?? {}
  const reasoning = usage.reasoning ?? tokensIn(thinking)
  return {
    id: id(request, 'answer'),
    model: reply.model ?? request.model,
    createdAt: Date.now(),
    text, thinking, toolCalls, stopSequence,
    stop: cut ? 'length' : reply.stop ?? natural,
    usage: {
      input: usage.input ?? tokens.prompt,
      cached: usage.cached ?? (usage.input === undefined ? tokens.cached : 0),
      cacheWritten: usage.cacheWritten ?? (usage.input === undefined ? tokens.cacheWritten : 0),
      output: usage.output ?? Math.max(1, tokensIn(text) + toolCalls.reduce((sum, call) => sum + tokensIn(call.name + call.arguments), 0) + reasoning),
      reasoning,
    },
  }
}
