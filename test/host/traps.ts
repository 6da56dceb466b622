/** Everything that a machine must not read: times, chance, the process. Each is put in place of the global and throws. */
const FORBIDDEN: ReadonlyArray<readonly [object, string]> = [
  [globalThis, 'Date'], [Date, 'now'], [Math, 'random'], [performance, 'now'], [globalThis, 'performance'], [globalThis, 'setTimeout'], [globalThis, 'setInterval'], [globalThis, 'setImmediate'],
  [globalThis, 'queueMicrotask'], [globalThis.crypto, 'getRandomValues'], [globalThis.crypto, 'randomUUID'], [globalThis, 'crypto'], [globalThis, 'process'], [globalThis, 'fetch'],
]

export class Trapped extends Error {}

/** Runs `work` with the traps set; whatever springs one throws Trapped, also when `work` swallows it. */
export function inTrap<T>(work: () => T): T {
  const sprung: string[] = []
  const before = FORBIDDEN.map(([owner, key]) => ({ owner, key, descriptor: Object.getOwnPropertyDescriptor(owner, key) ?? { value: (owner as Record<string, unknown>)[key], configurable: true, writable: true }, own: Object.hasOwn(owner, key) }))
  const spring = (key: string): never => {
    sprung.push(key)
    throw new Trapped(`a machine used ${key}`)
  }
  for (const { owner, key } of before) Object.defineProperty(owner, key, { configurable: true, get: () => spring(key) })
  let done: { value: T } | { error: unknown }
  try {
    done = { value: work() }
  } catch (error) {
    done = { error }
  }
  for (const { owner, key, descriptor, own } of before) {
    delete (owner as Record<string, unknown>)[key]
    if (own) Object.defineProperty(owner, key, descriptor)
  }
  if (sprung.length > 0) throw new Trapped(`a machine used ${sprung.join(', ')}`)
  if ('error' in done) throw done.error
  return done.value
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
