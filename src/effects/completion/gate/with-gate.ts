import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { KymoError } from '../../../../schemas/errors.ts'
import { Decision } from '../../../journal/index.ts'
import type { Reply } from '../../../journal/index.ts'
import type { StoreConnection } from '../../../bus/index.ts'
import type { ProviderLimits } from './limits.ts'

/** As much of a provider's answer as the gate looks at. */
type Answered =
  | { ok: true; usage: { input: number; output: number } }
  | { ok: false; error: { code: string }; retryAfterMs?: number }

/** A place is asked for again this often, so that an answer that was lost costs no more. */
const POLL_MS = 5000
const RENEW_MS = 5000
/** After a 429 that does not say for how long. */
const PAUSE_MS = 1000

/**
 * Calls a provider when the store's gate lets this call in: calls at once, requests and tokens a minute are counted over all runs and processes
 * of the store, first come, first served. A rate limit that the answer tells pauses the provider for everybody. `waitedMs` is the time spent at the
 * gate, no part of the call's own. While the store is away it waits on; throws KYMO_CANCELLED when `signal` fires while it waits, and
 * KYMO_STORE_UNREACHABLE as every call of the store does.
 */
export async function withGate<T extends Answered>(
  client: Pick<StoreConnection, 'gate'>, provider: string, tokens: number, limits: ProviderLimits, signal: AbortSignal, run: () => Promise<T>,
): Promise<T & { waitedMs: number }> {
  const ticket = Uint8Array.from(randomBytes(16))
  const ask = (waitMs: number, held: boolean): Promise<Reply<'gate'>> => client.gate({
    provider, ticket,
    acquire: {
      tokens: Math.max(0, tokens), wait_ms: waitMs, held,
      limits: { concurrent: limits.concurrent ?? 0, requests_per_minute: limits.requestsPerMinute ?? 0, tokens_per_minute: limits.tokensPerMinute ?? 0 },
    },
  })
  // What cannot be told now is forgotten with the lease; the answer of the model is worth more.
  const settle = (used: number, pauseMs: number): void => { client.gate({ provider, ticket, settle: { tokens: used, pause_ms: pauseMs } }).catch(() => undefined) }

  const began = performance.now()
  let asked: Promise<unknown> = Promise.resolve()
  try {
    await enter(() => {
      const reply = ask(POLL_MS, false)
      asked = reply.catch(() => undefined)
      return reply
    }, signal)
  } catch (error) {
    settle(0, 0)
    // The request may be under way still, and take a place again.
    void asked.then(() => settle(0, 0))
    throw error
  }
  const waitedMs = performance.now() - began
  let renewed: Promise<unknown> = Promise.resolve()
  let renewing = false
  const renewal = setInterval(() => {
    if (renewing) return
    renewing = true
    renewed = ask(0, true).catch(() => undefined).finally(() => { renewing = false })
  }, RENEW_MS)
  renewal.unref()
  let used = tokens
  let pauseMs = 0
  try {
    const answer = await run()
    used = answer.ok ? answer.usage.input + answer.usage.output : 0
    pauseMs = answer.ok ? 0 : pauseOf(answer)
    return { ...answer, waitedMs }
  } finally {
    clearInterval(renewal)
    // A renewal that came after it would take a slot for nobody.
    void renewed.then(() => settle(used, pauseMs))
  }
}

/** Asks until the slot is there. */
async function enter(ask: () => Promise<Reply<'gate'>>, signal: AbortSignal): Promise<void> {
  const cancelled = new KymoError('KYMO_CANCELLED', 'cancelled while it waited for its turn to call the provider')
  let stop: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => { stop = () => reject(cancelled) })
  aborted.catch(() => undefined)
  signal.addEventListener('abort', stop, { once: true })
  try {
    for (;;) {
      if (signal.aborted) throw cancelled
      const reply = await Promise.race([ask(), aborted])
      if (reply.granted) return
      if (reply.decision !== Decision.OK) throw new KymoError('KYMO_PROVIDER_GATE', `the store does not let the call through: ${reply.reason}`)
      // A gate that is closing answers at once.
      await sleep(5)
    }
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** For how long nobody should call: only what speaks of the provider as a whole counts, not what is wrong with one request. */
const pauseOf = ({ error, retryAfterMs }: Extract<Answered, { ok: false }>): number => {
  if (error.code === 'rate_limited') return retryAfterMs ?? PAUSE_MS
  return error.code === 'overloaded' ? (retryAfterMs ?? 0) : 0
}
