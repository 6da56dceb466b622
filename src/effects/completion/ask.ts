import { setTimeout as sleep } from 'node:timers/promises'
import type { RoleSettings } from '../../../schemas/completion.ts'
import type { BlobStore } from '../../blobs/index.ts'
import { costOf } from './cost.ts'
import { priceOf } from './known-models.ts'
import type { ProviderAnswer, ProviderRequest, Usage } from './provider.ts'
import { plainRequest } from './request/index.ts'
import { scripted } from './scripted.ts'

export interface Question { messages: ReadonlyArray<{ role: 'system' | 'user' | 'assistant'; content: string }>; maxTokens: number; nth: number; signal: AbortSignal }
export type Reply = { ok: true; text: string; stopReason: string; model: string; usage: Usage; costUsd: number } | { ok: false; code: string; message: string }
export type AskModel = (question: Question) => Promise<Reply>
export type Respond = (request: ProviderRequest, signal: AbortSignal) => Promise<ProviderAnswer>

const MAX_TRIES = 5
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 20_000

/**
 * Asks a model outside the record of completions, for scripts that get at one through their sandbox's socket. Tries again what may go
 * better, and without parameters that the model refuses. A failure is a reply; throws KYMO_CANCELLED when the signal fires.
 */
export function createAsker(settings: RoleSettings, respond: Respond): AskModel {
  const omit: string[] = []
  return async ({ messages, maxTokens, nth, signal }) => {
    for (let tries = 1; ; tries += 1) {
      const answered = await respond(plainRequest({ ...settings, max_tokens: maxTokens }, messages, { nth, tries, omit }), signal)
      if (answered.ok) {
        const costUsd = answered.source === 'cache' || answered.source === 'recorded' ? 0 : (costOf(priceOf(settings), answered.usage) ?? 0)
        return { ok: true, text: answered.reply, stopReason: answered.stopReason, model: answered.servedModel, usage: answered.usage, costUsd }
      }
      const { error, retryable, retryAfterMs, parameter } = answered
      if (tries >= MAX_TRIES || (parameter === undefined && !retryable)) return { ok: false, code: error.code, message: error.message }
      if (parameter !== undefined) omit.push(parameter)
      else await sleep(Math.min(LONGEST_PAUSE_MS, retryAfterMs ?? FIRST_PAUSE_MS * 2 ** (tries - 1)), undefined, { signal }).catch(() => undefined)
    }
  }
}

/** Answers from a task's own module; needs neither key nor store. */
export const localRespond = (blobs: BlobStore): Respond => (request, signal) => scripted(request, { signal, blobs })
