import { z } from 'zod'

export type Wire = 'openai' | 'anthropic'

export interface ToolCall { id: string; name: string; arguments: unknown }
export interface Message { role: 'user' | 'assistant' | 'tool'; text: string; toolCalls?: ToolCall[]; toolCallId?: string }
export interface Tool { name: string; description: string; parameters: unknown }

/** A request of either wire in one neutral form. System messages are not among `messages`. */
export interface ModelRequest {
  wire: Wire
  model: string
  system: string
  messages: Message[]
  tools: Tool[]
  stream: boolean
  maxTokens: number | undefined
  stop: string[]
  /** The n-th authorised request of this server, from 1. */
  nth: number
  /** How often this very body has come, from 1: a retry has 2 or more. */
  attempt: number
  body: Readonly<Record<string, unknown>>
}

const count = z.number().int().nonnegative()

/** `input` counts the whole prompt, what was read from or written to the provider's cache included. */
export const usageSchema = z.strictObject({ input: count.optional(), cached: count.optional(), cacheWritten: count.optional(), output: count.optional(), reasoning: count.optional() })
export type Usage = z.output<typeof usageSchema>

export const STOPS = ['end', 'tool-calls', 'length', 'stop-sequence', 'refusal', 'content-filter', 'context-window'] as const
export type Stop = typeof STOPS[number]

/** What the model says. `arguments` may be a text, to send what is no JSON. `afterMs` comes before the headers, `everyMs` between the parts of a stream. */
export const replySchema = z.strictObject({
  text: z.string().optional(),
  thinking: z.string().optional(),
  toolCalls: z.array(z.strictObject({ id: z.string().optional(), name: z.string(), arguments: z.union([z.string(), z.record(z.string(), z.unknown())]) })).optional(),
  stop: z.enum(STOPS).optional(),
  usage: usageSchema.optional(),
  /** The model that the server says answered: providers resolve aliases. */
  model: z.string().optional(),
  afterMs: z.number().optional(),
  everyMs: z.number().optional(),
})
export type Reply = z.output<typeof replySchema>

export const FAULTS = [
  // an error status with the provider's body
  'authentication', 'permission', 'rate-limited', 'quota-exhausted', 'server-error', 'bad-gateway', 'unavailable', 'gateway-timeout', 'overloaded',
  'context-overflow', 'model-not-found', 'unsupported-parameter', 'request-too-large',
  // trouble on the way
  'time-out', 'cut-before-headers', 'cut-mid-reply', 'stall-mid-reply', 'ends-early', 'malformed-json', 'empty-body', 'error-mid-stream',
  // answers that are of no use
  'empty-reply', 'refusal', 'content-filter', 'truncated',
] as const
export type FaultName = typeof FAULTS[number]

/**
 * A fault answers by itself: `reply` is not asked. `retryAfter` (seconds), `retryAfterMs` and `retryAfterDate` (seconds from now, sent as an HTTP date)
 * set the headers of these three forms; `text` is what was said before the fault came; `parameter` is the one that is not supported.
 */
export const faultSchema = z.strictObject({
  fault: z.enum(FAULTS),
  retryAfter: z.number().optional(),
  retryAfterMs: z.number().optional(),
  retryAfterDate: z.number().optional(),
  status: z.number().int().optional(),
  message: z.string().optional(),
  text: z.string().optional(),
  parameter: z.string().optional(),
  afterMs: z.number().optional(),
})
export type Fault = z.output<typeof faultSchema>

/** A request as it came, also one that was refused; `outcome` is 'ok', the fault's name, or 'refused' and why. */
export interface RecordedRequest {
  at: number
  path: string
  headers: Readonly<Record<string, string>>
  body: unknown
  requestId: string
  request?: ModelRequest
  outcome: string
  /** True once the client went away before the answer was complete. */
  abandoned: boolean
}

/** A provider's refusal, before it is written in the provider's own form. */
export interface Problem { status: number; type: string; message: string; code?: string | null; param?: string | null; headers?: Readonly<Record<string, string>> }

/** A reply with everything filled in that a provider would fill in. */
export interface Answer {
  id: string
  model: string
  createdAt: number
  text: string
  thinking: string
  toolCalls: { id: string; name: string; arguments: string }[]
  stop: Stop
  stopSequence: string | null
  usage: Record<keyof Usage, number>
}

export interface ServerSentEvent { event?: string; data: string }

/** All that differs between the two providers. */
export interface WireFormat {
  name: Wire
  requestIdHeader: string
  headers: (request: ModelRequest | undefined) => Record<string, string>
  /** The key that was sent, if any. */
  key: (headers: Readonly<Record<string, string>>) => string | undefined
  wrongKey: (key: string | undefined) => Problem
  /** The neutral form, or what the provider would refuse. */
  read: (body: unknown, headers: Readonly<Record<string, string>>) => Omit<ModelRequest, 'nth' | 'attempt'> | Problem
  /** What the provider says instead of an answer; undefined for a fault that is no error status. */
  problem: (fault: Fault, request: Pick<ModelRequest, 'model'>) => Problem | undefined
  overflow: (tokens: number, window: number) => Problem
  errorBody: (problem: Problem, requestId: string) => unknown
  complete: (answer: Answer) => unknown
  stream: (answer: Answer, request: ModelRequest) => ServerSentEvent[]
  streamError: (requestId: string) => ServerSentEvent
}

export const isProblem = (value: object): value is Problem => 'status' in value
