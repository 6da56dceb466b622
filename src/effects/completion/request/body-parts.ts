import type { Message, ToolSpec } from '../provider.ts'
import type { Omitted } from './omit.ts'

/** What a body is made of. */
export interface BodyParts {
  provider: string
  model: string
  messages: Message[]
  tools: ToolSpec[]
  temperature: number | undefined
  max_tokens: number
  stop: string[]
  stream: boolean
  effort: string | undefined
  omitted: Omitted
}
