import { z } from 'zod'
import { KymoError } from '../../../../schemas/errors.ts'
import type { ToolCall } from '../provider.ts'

/** Reads a blob as text. */
export type ReadText = (hash: string) => Promise<string>

/** One piece of a prompt, with its text. */
export interface Segment {
  role: 'system' | 'user' | 'assistant' | 'tool'
  text: string
  toolCalls: ToolCall[]
  toolCallId?: string
  /** never left out by shortening */
  keep: boolean
  /** what stands before and up to here is worth keeping in the provider's prompt cache */
  breakpoint: boolean
}

const stored = z.union([z.object({ ref: z.string().regex(/^[0-9a-f]{64}$/) }), z.object({ text: z.string() })])
const item = z.object({
  role: z.enum(['system', 'user', 'assistant', 'tool']), lead: z.string().optional(), text: stored, keep: z.boolean().optional(), breakpoint: z.boolean().optional(), tool_calls: stored.optional(), tool_call_id: z.string().optional(),
})
const node = z.object({ prev: z.object({ ref: z.string() }).nullable(), items: z.array(item) })
const calls = z.array(z.object({ id: z.string(), name: z.string(), arguments: z.record(z.string(), z.unknown()) }))

/** Prompts that were read lately, by the hash of their list: the next prompt of an agent goes on from one of them, or from what it went on from. */
export type KnownPrompts = Map<string, readonly Segment[]>
const KNOWN = 64

/** The segments of a linked list, oldest first. Throws KYMO_PROMPT when it holds something else. */
export async function readSegments(list: string, read: ReadText, known: KnownPrompts = new Map()): Promise<readonly Segment[]> {
  const nodes: Array<{ ref: string; items: z.infer<typeof item>[] }> = []
  let segments: readonly Segment[] = []
  for (let ref: string | undefined = list; ref !== undefined;) {
    const earlier = known.get(ref)
    if (earlier !== undefined) {
      segments = earlier
      break
    }
    const found = node.safeParse(JSON.parse(await read(ref)))
    if (!found.success) throw new KymoError('KYMO_PROMPT', `a completion names a prompt (${ref.slice(0, 12)}) that is no list of segments: ${found.error.issues[0]?.path.join('.') ?? ''} ${found.error.issues[0]?.message ?? ''}`)
    nodes.push({ ref, items: found.data.items })
    ref = found.data.prev?.ref
  }
  const [newest, ...older] = nodes
  segments = await goneOn(segments, older)
  if (older[0] !== undefined) known.set(older[0].ref, segments)
  if (newest !== undefined) {
    segments = await goneOn(segments, [newest])
    known.set(newest.ref, segments)
  }
  for (const oldest of known.keys()) {
    if (known.size <= KNOWN) break
    known.delete(oldest)
  }
  return segments

  /** With what further nodes hold, the newest of them first. */
  async function goneOn(before: readonly Segment[], more: typeof nodes): Promise<readonly Segment[]> {
    return more.length === 0 ? before : [...before, ...(await Promise.all(more.toReversed().flatMap(({ items }) => items).map((one) => segmentOf(one, read))))]
  }
}

const segmentOf = async ({ role, lead, text, keep, breakpoint, tool_calls, tool_call_id }: z.infer<typeof item>, read: ReadText): Promise<Segment> => ({
  role, text: lead === undefined ? await textIn(text, read) : `${lead}\n\n${await textIn(text, read)}`, toolCalls: tool_calls === undefined ? [] : calls.parse(JSON.parse(await textIn(tool_calls, read))), keep: keep === true, breakpoint: breakpoint === true,
  ...(tool_call_id === undefined ? {} : { toolCallId: tool_call_id }),
})

const textIn = async (value: z.infer<typeof stored>, read: ReadText): Promise<string> => ('text' in value ? value.text : read(value.ref))
