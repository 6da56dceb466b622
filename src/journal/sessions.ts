import { isGone } from './holder.ts'
import type { Holder } from './holder.ts'

interface Session { holder: Holder | null; heard: number; left: boolean; gone: boolean; askedAt: number }

export interface Sessions {
  /** Notes a sign of life. */
  heard(session: string, holder: Holder | null): void
  /** For good: what still arrives from it was under way. */
  leave(session: string): void
  /** heard since this journal opened, not gone, and not silent for a lease */
  isAlive(session: string): boolean
  /** As isAlive; but a session that this young journal did not hear yet has the benefit of the doubt for one lease, unless its process is gone. */
  mayLive(session: string, holder: Holder | null): boolean
  holderOf(session: string): Holder | null
  /** Forgets sessions that ended and gives them back. */
  prune(): Array<{ session: string; holder: Holder | null }>
  readonly alive: number
}

/** How often the process behind a session is looked for. */
const ASK_MS = 100

/** The processes that speak to the journal. A lease lives as long as its session is heard. */
export function createSessions(leaseMs: number): Sessions {
  const sessions = new Map<string, Session>()
  const openedAt = performance.now()

  const lives = (session: Session): boolean => {
    const now = performance.now()
    if (session.left || session.gone || now - session.heard >= leaseMs) return false
    if (now - session.askedAt >= ASK_MS) {
      session.askedAt = now
      session.gone = isGone(session.holder)
    }
    return !session.gone
  }
  const isAlive = (id: string): boolean => {
    const session = sessions.get(id)
    return session !== undefined && lives(session)
  }

  return {
    heard: (id, holder) => {
      const known = sessions.get(id)
      if (known === undefined) sessions.set(id, { holder, heard: performance.now(), left: false, gone: false, askedAt: -Infinity })
      else {
        known.heard = performance.now()
        known.holder = holder ?? known.holder
      }
    },
    leave: (id) => {
      const known = sessions.get(id)
      if (known !== undefined) known.left = true
    },
    isAlive,
    mayLive: (id, holder) => {
      if (sessions.has(id)) return isAlive(id)
      return id !== '' && performance.now() - openedAt < leaseMs && !isGone(holder)
    },
    holderOf: (id) => sessions.get(id)?.holder ?? null,
    prune: () => {
      const ended: Array<{ session: string; holder: Holder | null }> = []
      for (const [session, known] of sessions) {
        // Whoever left or died stays known for a lease, so that nobody takes it for one that was not heard yet.
        if (lives(known) || performance.now() - known.heard < leaseMs) continue
        sessions.delete(session)
        ended.push({ session, holder: known.holder })
      }
      return ended
    },
    get alive() {
      let count = 0
      for (const session of sessions.values()) if (lives(session)) count++
      return count
    },
  }
}
