import { z } from 'zod'
import type { Message, ModelRequest, Problem, ToolCall } from './types.ts'

const cacheControl = z.looseObject({ type: z.literal('ephemeral') }).nullish()
const textBlock = z.looseObject({ type: z.literal('text'), text: z.string(), cache_control: cacheControl })
const block = z.discriminatedUnion('type', [
  textBlock,
  z.looseObject({ type: z.literal('tool_use'), id: z.string().regex(/^[a-zA-Z0-9_-]+$/), name: z.string(), input: z.record(z.string(), z.unknown()), cache_control: cacheControl }),
  z.looseObject({ type: z.literal('tool_result'), tool_use_id: z.string(), content: z.union([z.string(), z.array(textBlock)]).optional(), is_error: z.boolean().optional(), cache_control: cacheControl }),
  z.looseObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() }),
])
type Block = z.output<typeof block>

/** Strict: the provider takes no argument that it does not know. */
const bodySchema = z.strictObject({
  model: z.string(),
  max_tokens: z.number().int().positive(),
  messages: z.array(z.looseObject({ role: z.enum(['user', 'assistant']), content: z.union([z.string(), z.array(block)]) })),
  system: z.union([z.string(), z.array(textBlock)]).optional(),
  tools: z.array(z.looseObject({
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/), description: z.string().optional(), input_schema: z.looseObject({ type: z.literal('object') }), type: z.literal('custom').nullish(), cache_control: cacheControl,
  })).optional(),
  stream: z.boolean().optional(),
  temperature: z.number().min(0).max(1).optional(),
  top_p: z.number().optional(),
  top_k: z.number().optional(),
  stop_sequences: z.array(z.string()).optional(),
  tool_choice: z.looseObject({ type: z.enum(['auto', 'any', 'tool', 'none']) }).optional(),
  cache_control: cacheControl,
  metadata: z.unknown().optional(),
  thinking: z.unknown().optional(),
  service_tier: z.unknown().optional(),
  output_config: z.unknown().optional(),
})
type Body = z.output<typeof bodySchema>

const refuse = (message: string): Problem => ({ status: 400, type: 'invalid_request_error', message })
const blocksOf = (content: string | Block[]): Block[] => (typeof content === 'string' ? [{ type: 'text', text: content }] : content)

/** [major, minor] of a name as claude-opus-4-6 or claude-sonnet-4-5-20250929; names without a version follow the oldest rules. */
function version(model: string): number {
  const [, major = '0', minor = '0'] = /^claude-[a-z]+-(\d+)(?:-(\d{1,2}))?(?:-|$)/.exec(model) ?? []
  return Number(major) * 100 + Number(minor)
}

function unsupported(body: Body): Problem | undefined {
  if (body.temperature !== undefined && body.temperature !== 1 && version(body.model) > 406) return refuse('`temperature` is deprecated for this model.')
  if (body.temperature !== undefined && body.top_p !== undefined && version(body.model) >= 401) return refuse('`temperature` and `top_p` cannot both be specified for this model. Please use only one.')
  if (body.stop_sequences?.some((text) => text.trim() === '')) return refuse('stop_sequences: each stop sequence must contain non-whitespace')
  const names = (body.tools ?? []).map((tool) => tool.name)
  if (new Set(names).size < names.length) return refuse('tools: Tool names must be unique.')
  const marked = [...(body.tools ?? []), ...(Array.isArray(body.system) ? body.system : []), ...body.messages.flatMap(({ content }) => blocksOf(content))].filter((item) => 'cache_control' in item && item.cache_control)
  if (marked.length > 4) return refuse(`A maximum of 4 blocks with cache_control may be provided. Found ${marked.length}.`)
  return undefined
}

function badTexts(body: Body): Problem | undefined {
  if (body.system === '' || blocksOf(body.system ?? 'none').some((item) => item.type === 'text' && item.text === '')) return refuse('system: text content blocks must be non-empty')
  const texts = body.messages.map(({ content }, index) => ({ index, blocks: blocksOf(content) }))
  for (const { index, blocks } of texts) {
    if (blocks.length === 0) return refuse(`messages.${index}: all messages must have non-empty content except for the optional final assistant message`)
    if (blocks.some((item) => item.type === 'text' && item.text === '')) return refuse('messages: text content blocks must be non-empty')
    if (blocks.some((item) => item.type === 'text' && item.text.trim() === '')) return refuse('messages: text content blocks must contain non-whitespace text')
  }
  const last = body.messages.at(-1)
  if (last?.role !== 'assistant') return undefined
  if (version(body.model) >= 406) return refuse('This model does not support assistant message prefill. The conversation must end with a user message.')
  const end = blocksOf(last.content).at(-1)
  return end?.type === 'text' && end.text !== end.text.trimEnd() ? refuse('messages: final assistant content cannot end with trailing whitespace') : undefined
}

/** Each tool use is answered in the next message, and nothing else is. Neighbours of one role count as one message. */
function badConversation(body: Body): Problem | undefined {
  if (body.messages.length === 0) return refuse('messages: at least one message is required')
  if (body.messages[0]?.role !== 'user') return refuse('messages: first message must use the "user" role')
  const turns: { role: string; index: number; blocks: Block[] }[] = []
  for (const [index, { role, content }] of body.messages.entries()) {
    const before = turns.at(-1)
    if (before?.role === role) before.blocks.push(...blocksOf(content))
    else turns.push({ role, index, blocks: blocksOf(content).slice() })
  }
  const seen = new Set<string>()
  let open = new Set<string>()
  for (const { index, blocks } of turns) {
    const results = blocks.flatMap((item, place) => (item.type === 'tool_result' ? [{ id: item.tool_use_id, place }] : []))
    for (const { id, place } of results) {
      if (!open.delete(id)) return refuse(`messages.${index}.content.${place}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`)
    }
    if (open.size > 0) return unanswered(index - 1, open)
    const uses = blocks.flatMap((item) => (item.type === 'tool_use' ? [item.id] : []))
    if (uses.some((id) => seen.has(id)) || new Set(uses).size < uses.length) return refuse('messages: `tool_use` ids must be unique')
    for (const id of uses) seen.add(id)
    open = new Set(uses)
  }
  return open.size > 0 ? unanswered(body.messages.length - 1, open) : undefined
}

const unanswered = (index: number, open: ReadonlySet<string>): Problem =>
  refuse(`messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${[...open].join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`)

const said = (blocks: readonly Block[]): string => blocks.flatMap((item) => (item.type === 'text' ? [item.text] : [])).join('')

function neutral(role: 'user' | 'assistant', content: string | Block[]): Message[] {
  const blocks = blocksOf(content)
  const results = blocks.flatMap((item): Message[] => (item.type === 'tool_result' ? [{ role: 'tool', text: said(blocksOf(item.content ?? '')), toolCallId: item.tool_use_id }] : []))
  const toolCalls = blocks.flatMap((item): ToolCall[] => (item.type === 'tool_use' ? [{ id: item.id, name: item.name, arguments: item.input }] : []))
  const text = said(blocks)
  const alone = results.length > 0 && text === '' && toolCalls.length === 0
  return [...results, ...(alone ? [] : [{ role, text, ...(toolCalls.length > 0 ? { toolCalls } : {}) }])]
}

/** Reads a messages body; what the provider itself would refuse comes back as its refusal. */
export function readAnthropic(raw: unknown, headers: Readonly<Record<string, string>>): Omit<ModelRequest, 'nth' | 'attempt'> | Problem {
  if (headers['anthropic-version'] === undefined) return refuse('anthropic-version: header is required')
  const { success, data: body, error } = bodySchema.safeParse(raw)
  if (!success) {
    const issue = error.issues[0]
    const extra = issue?.code === 'unrecognized_keys'
    return refuse(`${[...(issue?.path ?? []), ...(extra ? issue.keys.slice(0, 1) : [])].join('.')}: ${extra ? 'Extra inputs are not permitted' : issue?.message}`)
  }
  const bad = unsupported(body) ?? badConversation(body) ?? badTexts(body)
  if (bad) return bad
  return {
    wire: 'anthropic', model: body.model, stream: body.stream === true, maxTokens: body.max_tokens, stop: body.stop_sequences ?? [], body,
    system: said(blocksOf(body.system ?? [])),
    messages: body.messages.flatMap(({ role, content }) => neutral(role, content)),
    tools: (body.tools ?? []).map((tool) => ({ name: tool.name, description: tool.description ?? '', parameters: tool.input_schema })),
  }
}
