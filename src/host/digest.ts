import { canonicalJson } from '../../schemas/canonical-json.ts'
import { sha256Hex } from '../../schemas/hash.ts'

/** Holds every time a machine keeps: left out of semantic equality. */
export const CLOCK_KEY = 'clock'

/**
 * The first 64 bits of a SHA-256: what two folds of one run disagree in is an accident, not an attack (the chain keeps those out),
 * and every step carries some thirty of them.
 */
const digestOf = (...parts: string[]): string => sha256Hex(...parts).slice(0, 16)

export interface Digests { state: string; keys: Readonly<Record<string, string>>; all: string }

/** One digest per top-level context key; keys that kept their identity keep their digest. */
export function digestSnapshot(snapshot: { value: unknown; status: string; context: Record<string, unknown> }, before?: { digests: Digests; context: Record<string, unknown> }): Digests {
  const keys: Record<string, string> = {}
  const names = Object.keys(snapshot.context).sort()
  for (const key of names) {
    const value = snapshot.context[key]
    const known = before !== undefined && Object.hasOwn(before.context, key) && before.context[key] === value ? before.digests.keys[key] : undefined
    keys[key] = known ?? digestOf(textOf(value))
  }
  const state = digestState(canonicalJson({ value: snapshot.value, status: snapshot.status }))
  return { state, keys, all: digestOf(state, ...names.filter((key) => key !== CLOCK_KEY).map((key) => `\n${key} ${keys[key] ?? ''}`)) }
}

/** As canonicalJson. What a context holds is replaced, never changed, and a list mostly grows or loses an item: the others keep their texts. */
const textOf = (value: unknown): string => (Array.isArray(value) ? `[${value.map(itemText).join(',')}]` : canonicalJson(value))
const texts = new WeakMap<object, string>()
function itemText(item: unknown): string {
  if (typeof item !== 'object' || item === null) return canonicalJson([item]).slice(1, -1)
  const known = texts.get(item)
  if (known !== undefined) return known
  const text = canonicalJson(item)
  texts.set(item, text)
  return text
}

/** A machine has few states: each is hashed once. */
const states = new Map<string, string>()
function digestState(state: string): string {
  const known = states.get(state)
  if (known !== undefined) return known
  const digest = digestOf(state)
  if (states.size < 10_000) states.set(state, digest)
  return digest
}

/** Keys whose digest differs from before, sorted. */
export const changedDigests = (now: Digests, before: Digests | undefined): Array<{ key: string; sha256: string }> =>
  Object.entries(now.keys).filter(([key, digest]) => before?.keys[key] !== digest).map(([key, sha256]) => ({ key, sha256 }))
