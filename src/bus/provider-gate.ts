import { strictest, unlimited } from './provider-limits.ts'
import type { Limits } from './provider-limits.ts'

/** One call: it waits for its turn, or it holds a slot. */
interface Ticket {
  id: string
  session: string
  limits: Limits
  tokens: number
  held: boolean
  /** when its place or its slot is given up unless it is heard of again */
  until: number
  /** answers the request that waits for it now */
  answer: (() => void) | undefined
}

interface Spent { at: number; ticket: string; tokens: number }

interface Provider {
  /** in the order in which they were first asked for */
  tickets: Map<string, Ticket>
  /** what was begun within the last minute, oldest first */
  spent: Spent[]
  pausedUntil: number
  timer: NodeJS.Timeout | undefined
}

export interface Acquire { provider: string; ticket: string; session: string; limits: Limits; tokens: number; waitMs: number; held: boolean }
export interface Settle { provider: string; ticket: string; session: string; tokens: number; pauseMs: number }
export interface Turn { granted: boolean; ahead: number; pausedMs: number }

export interface ProviderGate {
  /** Waits for a slot, up to waitMs; the same ticket asked for again keeps its place, or is told again that it has its slot. */
  acquire(request: Acquire): Promise<Turn>
  /** The call is over, or nobody waits for it any more. */
  settle(request: Settle): Turn
  /** Answers everybody who waits: not yet. Their places are kept. */
  drop(): void
  close(): void
}

export interface GateOptions {
  isAlive: (session: string) => boolean
  /** milliseconds that only grow */
  now?: () => number
  /** how long a slot or a place outlives the last sign of it */
  leaseMs?: number
}

const MINUTE = 60_000
/** A retry-after may be hours: after this one call looks whether it still holds. */
const MAX_PAUSE_MS = 10 * MINUTE
const MAX_WAIT_MS = 30_000
/** Those who wait are looked through this often, for a slot whose holder died. */
const LOOK_MS = 200
const MAX_PROVIDERS = 256

/**
 * Who may call a provider now: first come, first served, up to the strictest limits of all who hold or want a slot. A slot is given
 * back when its call is settled, when its session is gone, or when it was not renewed for a lease.
 */
export function createProviderGate({ isAlive, now = () => performance.now(), leaseMs = 15_000 }: GateOptions): ProviderGate {
  const providers = new Map<string, Provider>()

  const providerOf = (name: string): Provider => {
    const known = providers.get(name)
    if (known !== undefined) return known
    if (providers.size >= MAX_PROVIDERS) for (const [old, provider] of providers) if (isIdle(provider)) providers.delete(old)
    const provider: Provider = { tickets: new Map(), spent: [], pausedUntil: 0, timer: undefined }
    providers.set(name, provider)
    return provider
  }
  const isIdle = (provider: Provider): boolean => {
    forget(provider)
    return provider.tickets.size === 0 && provider.spent.length === 0 && provider.pausedUntil <= now()
  }

  const forget = (provider: Provider): void => {
    const time = now()
    const kept = provider.spent.findIndex(({ at }) => at > time - MINUTE)
    provider.spent.splice(0, kept < 0 ? provider.spent.length : kept)
    for (const [id, ticket] of provider.tickets) {
      const waitsNow = ticket.answer !== undefined
      if (isAlive(ticket.session) && (waitsNow || ticket.until > time)) continue
      provider.tickets.delete(id)
      ticket.answer?.()
    }
  }

  const hold = (provider: Provider, ticket: Ticket): void => {
    ticket.held = true
    ticket.until = now() + leaseMs
    provider.spent.push({ at: now(), ticket: ticket.id, tokens: ticket.tokens })
    ticket.answer?.()
  }

  /** Lets those in who may go now, the oldest first; nobody overtakes. */
  const advance = (provider: Provider): void => {
    forget(provider)
    clearTimeout(provider.timer)
    provider.timer = undefined
    for (const ticket of provider.tickets.values()) {
      if (ticket.held) continue
      const due = dueAt(provider, ticket, now())
      if (due > now()) {
        provider.timer = setTimeout(() => advance(provider), Math.max(1, Math.min(LOOK_MS, due - now())))
        provider.timer.unref()
        return
      }
      hold(provider, ticket)
    }
  }

  const turnOf = (provider: Provider, ticket: Ticket): Turn => {
    let ahead = 0
    for (const other of provider.tickets.values()) {
      if (other === ticket) break
      if (!other.held) ahead++
    }
    return { granted: ticket.held && provider.tickets.has(ticket.id), ahead, pausedMs: Math.max(0, provider.pausedUntil - now()) }
  }

  return {
    acquire: async ({ provider: name, ticket: id, session, limits, tokens, waitMs, held }) => {
      const provider = providerOf(name)
      forget(provider)
      const known = provider.tickets.get(`${session}/${id}`)
      const ticket = known ?? { id: `${session}/${id}`, session, limits, tokens, held: false, until: 0, answer: undefined }
      ticket.until = now() + leaseMs
      provider.tickets.set(ticket.id, ticket)
      if (held && !ticket.held) hold(provider, ticket)
      advance(provider)
      if (ticket.held || waitMs <= 0) return turnOf(provider, ticket)
      ticket.answer?.()
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => ticket.answer?.(), Math.min(MAX_WAIT_MS, waitMs))
        timer.unref()
        const answer = (): void => {
          clearTimeout(timer)
          if (ticket.answer === answer) {
            ticket.answer = undefined
            ticket.until = now() + leaseMs
          }
          resolve()
        }
        ticket.answer = answer
      })
      return turnOf(provider, ticket)
    },
    settle: ({ provider: name, ticket: id, session, tokens, pauseMs }) => {
      const provider = providerOf(name)
      const ticket = provider.tickets.get(`${session}/${id}`)
      if (pauseMs > 0) provider.pausedUntil = Math.max(provider.pausedUntil, now() + Math.min(MAX_PAUSE_MS, pauseMs))
      if (ticket !== undefined) {
        provider.tickets.delete(ticket.id)
        const spent = provider.spent.find((one) => one.ticket === ticket.id)
        if (spent !== undefined) spent.tokens = tokens
        ticket.answer?.()
      }
      advance(provider)
      return { granted: false, ahead: 0, pausedMs: Math.max(0, provider.pausedUntil - now()) }
    },
    drop: () => {
      for (const provider of providers.values()) for (const ticket of provider.tickets.values()) ticket.answer?.()
    },
    close: () => {
      for (const provider of providers.values()) {
        clearTimeout(provider.timer)
        for (const ticket of provider.tickets.values()) ticket.answer?.()
      }
      providers.clear()
    },
  }
}

/** When the next call may begin as far as is known now; Infinity: when somebody else is done. */
function dueAt({ tickets, spent, pausedUntil }: Provider, ticket: Ticket, time: number): number {
  let limits = unlimited
  let holding = 0
  for (const other of tickets.values()) {
    limits = strictest(limits, other.limits)
    if (other.held) holding++
  }
  if (holding >= limits.concurrent) return Infinity
  let due = Math.max(time, pausedUntil)
  const first = spent[spent.length - limits.requestsPerMinute]
  if (first !== undefined) due = Math.max(due, first.at + MINUTE)
  let sum = spent.reduce((total, { tokens }) => total + tokens, ticket.tokens)
  // A call that is larger than a minute's share goes when the minute is empty, or it would never go.
  for (const { at, tokens } of spent) {
    if (sum <= limits.tokensPerMinute) break
    sum -= tokens
    due = Math.max(due, at + MINUTE)
  }
  return due
}
