import { createHash } from 'node:crypto'
import { z } from 'zod'
import { tokensIn } from './pieces.ts'
import type { ModelRequest } from './types.ts'

export interface CachedTokens { prompt: number; cached: number; cacheWritten: number }
export type PromptCache = (request: ModelRequest) => CachedTokens

/** Shorter prefixes are not cached. */
const LEAST_TOKENS = 1024
/** How far before a mark Anthropic looks for a prefix that it knows. */
const BLOCKS_BACK = 20

interface Part { text: string; marked: boolean }

const asArray = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value])

/** A mark is not part of what is compared, or moving it on would lose the prefix. */
function part(label: string, value: unknown): Part {
  const block = z.looseObject({ cache_control: z.unknown().optional() }).safeParse(value)
  if (!block.success) return { text: JSON.stringify([label, { type: 'text', text: value }]), marked: false }
  const { cache_control: mark, ...rest } = block.data
  return { text: JSON.stringify([label, rest]), marked: mark !== undefined && mark !== null }
}

/** What the model reads, in the order in which prefixes are compared: tools, system, messages. */
function partsOf({ wire, body }: ModelRequest): Part[] {
  const messages = asArray(body.messages).flatMap((message) => {
    if (wire === 'openai') return [part('message', message)]
    const { role, content } = z.looseObject({ role: z.string(), content: z.unknown() }).parse(message)
    return asArray(content).map((block) => part(role, block))
  })
  const parts = [...asArray(body.tools).map((tool) => part('tool', tool)), ...asArray(body.system).map((block) => part('system', block)), ...messages]
  const last = parts.at(-1)
  if (last && body.cache_control) last.marked = true
  return parts
}

/**
 * Remembers prompts as the providers do: Anthropic caches up to each marked block and reads the longest known prefix that ends at most 20 blocks
 * before a mark; OpenAI caches every prefix by itself, in steps of 128 tokens. Nothing expires.
 */
export function promptCache(): PromptCache {
  const known = new Set<string>()
  return (request) => {
    const hash = createHash('sha256').update(`${request.wire} ${request.model}`)
    let prompt = 0
    const prefixes = partsOf(request).map(({ text, marked }) => {
      prompt += tokensIn(text)
      return { id: hash.update(`\0${text}`).copy().digest('hex'), tokens: prompt, marked }
    })
    const longEnough = prefixes.filter(({ tokens }) => tokens >= LEAST_TOKENS)
    const longest = (found: readonly { tokens: number }[]): number => Math.max(0, ...found.map(({ tokens }) => tokens))
    if (request.wire === 'openai') {
      const read = longest(longEnough.filter(({ id }) => known.has(id)))
      for (const { id } of longEnough) known.add(id)
      return { prompt, cached: read - (read % 128), cacheWritten: 0 }
    }
    const near = (place: number): boolean => prefixes.slice(place, place + BLOCKS_BACK + 1).some(({ marked }) => marked)
    const cached = longest(prefixes.filter(({ id }, place) => known.has(id) && near(place)))
    const marks = longEnough.filter(({ marked }) => marked)
    for (const { id } of marks) known.add(id)
    return { prompt, cached, cacheWritten: Math.max(0, longest(marks) - cached) }
  }
}
