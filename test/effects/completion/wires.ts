import type { RoleSettings } from '../../../schemas/completion.ts'
import type { ModelServer } from '../../model-server/index.ts'

export const WIRES = ['openai', 'anthropic', 'openai-compatible'] as const
export type Wire = (typeof WIRES)[number]

export const VARIABLE: Readonly<Record<Wire, string>> = { openai: 'OPENAI_API_KEY', anthropic: 'ANTHROPIC_API_KEY', 'openai-compatible': 'OPENAI_COMPATIBLE_API_KEY' }

export const settingsFor = (wire: Wire, server: ModelServer, more: Partial<RoleSettings> = {}): Partial<RoleSettings> => ({ provider: wire, model: 'model-1', base_url: wire === 'anthropic' ? server.url : server.openaiUrl, ...more })

export const keysFor = (wire: Wire, server: ModelServer): Record<string, string> => ({ [VARIABLE[wire]]: server.key })
