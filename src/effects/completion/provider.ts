import type { RoleSettings } from '../../../schemas/completion.ts'
import type { Failure } from '../../../schemas/generated/events.ts'
import type { BlobStore } from '../../blobs/index.ts'
import type { StoreConnection } from '../../bus/index.ts'

/** A call of a tool as every provider is told of it and tells it: `arguments` is an object, or {"": text} when the model wrote no JSON object. */
export interface ToolCall { id: string; name: string; arguments: Record<string, unknown> }

/** One message of a conversation, before it takes a provider's shape. */
export interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool'
  /** in pieces: a prompt-cache breakpoint stands after every piece marked so */
  pieces: Array<{ text: string; breakpoint?: true }>
  toolCalls: ToolCall[]
  /** role tool: which call this answers */
  toolCallId?: string
}

export interface ToolSpec { name: string; description: string; parameters: Record<string, unknown> }

/** A completion as a provider is asked for it: all that the bytes on the wire depend on, and the bytes. */
export interface ProviderRequest {
  /** whose wire format: for a recorded provider the one that it stands for */
  provider: string
  model: string
  messages: Message[]
  tools: ToolSpec[]
  temperature?: number
  max_tokens: number
  stop: string[]
  settings: RoleSettings
  /** exact JSON that goes over the wire */
  body: string
  /** SHA-256 of provider and body: recorded as `request`, and by it equal requests are known */
  key: string
  /** base URL, '' for the provider's own: two servers may serve different models under one name, so a cache keeps them apart */
  endpoint: string
  role: string
  /** how many completions the caller asked for before */
  nth: number
  /** 1 for the first try of this completion */
  tries: number
}

export interface Usage {
  /** all tokens of the prompt, those from the provider's prompt cache and those written to it included */
  input: number
  output: number
  cached: number
  cacheWrite: number
}

/** The last two are no replies to work with, but they are answers: they cost tokens. An empty `reply` is judged by the machine. */
export type StopReason = 'stop' | 'stop_sequence' | 'length' | 'tool_calls' | 'refusal' | 'content_filter'

export type ProviderAnswer =
  | {
    ok: true
    reply: string
    toolCalls: ToolCall[]
    stopReason: StopReason
    servedModel: string
    usage: Usage
    /** the body as it came (the events of a stream, too) */
    raw: Uint8Array
    /** the provider's own id of the request, '' when it told none */
    providerRequest: string
    source: 'live' | 'cache' | 'recorded' | 'scripted'
  }
  | {
    ok: false
    /** codes: see schemas/completion.ts; the message holds no key */
    error: Failure
    retryable: boolean
    raw?: Uint8Array
    /** what the provider asks to wait */
    retryAfterMs?: number
    /** unsupported_parameter: which one to leave out */
    parameter?: string
    providerRequest?: string
  }

export interface ProviderContext {
  /** fires when the completion is cancelled or given back */
  signal: AbortSignal
  /** keys by the name of their variable */
  keys: (name: string) => string | undefined
  blobs: BlobStore
  /** keeps bytes that the outcome names */
  put: (bytes: Uint8Array) => Promise<string>
  client: StoreConnection
  runId: string
  effectId: string
  /** live output, droppable */
  output: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void
}

/** Answers a request. Does not throw for what a provider or a network does; throws KYMO_CANCELLED when the signal fires. */
export type Provider = (request: ProviderRequest, context: ProviderContext) => Promise<ProviderAnswer>
