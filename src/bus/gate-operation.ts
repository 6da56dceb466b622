import { hex } from '../../schemas/hash.ts'
import type { kymo } from '../../schemas/generated/messages.js'
import { Decision } from '../journal/index.ts'
import type { JournalPort, Reply, Request } from '../journal/index.ts'
import { createProviderGate } from './provider-gate.ts'
import type { GateOptions, ProviderGate, Turn } from './provider-gate.ts'
import type { Limits } from './provider-limits.ts'

export type GateOperation = Pick<JournalPort, 'gate'> & Pick<ProviderGate, 'drop' | 'close'>

const MAX_NAME = 200

/** The gate as an operation of the service. `hear` notes a sign of life of the session that asks. */
export function gateOperation(options: GateOptions & { hear: (request: Pick<Request<'hello'>, 'session' | 'holder'>) => Promise<unknown> }): GateOperation {
  const gate = createProviderGate(options)
  const reply = ({ granted, ahead, pausedMs }: Turn = { granted: false, ahead: 0, pausedMs: 0 }): Reply<'gate'> => ({ decision: Decision.OK, reason: '', granted, ahead, paused_ms: pausedMs })
  let closed = false
  return {
    gate: async (request) => {
      const problem = problemOf(request)
      if (problem !== undefined) return { ...reply(), decision: Decision.REFUSED, reason: problem }
      if (closed) return { ...reply(), decision: Decision.UNAVAILABLE, reason: 'the store is closing' }
      const { provider = '', acquire, settle } = request
      await options.hear({ session: request.session ?? new Uint8Array(), holder: request.holder ?? null })
      const about = { provider, ticket: hex(request.ticket ?? new Uint8Array()), session: hex(request.session ?? new Uint8Array()) }
      if (settle !== null && settle !== undefined) return reply(gate.settle({ ...about, tokens: settle.tokens, pauseMs: settle.pause_ms }))
      return reply(await gate.acquire({ ...about, limits: limitsOf(acquire?.limits), tokens: acquire?.tokens ?? 0, waitMs: acquire?.wait_ms ?? 0, held: acquire?.held ?? false }))
    },
    drop: gate.drop,
    close: () => {
      closed = true
      gate.close()
    },
  }
}

function problemOf({ session, provider = '', ticket, acquire, settle }: Partial<Request<'gate'>>): string | undefined {
  if (session?.length !== 16) return 'a session id has 16 bytes'
  if (ticket?.length !== 16) return 'a ticket has 16 bytes'
  if (provider === '' || provider.length > MAX_NAME) return `a provider is named by 1 to ${MAX_NAME} characters`
  const numbers = [acquire?.tokens ?? 0, acquire?.limits?.tokens_per_minute ?? 0, settle?.tokens ?? 0, settle?.pause_ms ?? 0]
  if (numbers.some((number) => !Number.isFinite(number) || number < 0)) return 'tokens and milliseconds are numbers from 0 up'
  return (acquire ?? settle ?? undefined) === undefined ? 'a request to the gate acquires or settles' : undefined
}

const limitsOf = (limits: kymo.v1.journal.ProviderLimits | null | undefined): Limits => ({
  concurrent: limits?.concurrent || Infinity, requestsPerMinute: limits?.requests_per_minute || Infinity, tokensPerMinute: limits?.tokens_per_minute || Infinity,
})
