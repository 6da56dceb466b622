/** Who a cut ends: the process that serves the run, or the store's service. */
export type Victim = 'client' | 'service'

/** Thrown through code whose process has just ended. */
export class Died extends Error {
  override readonly name = 'Died'
}

/** What somebody who died waits for. */
export const never = new Promise<never>(() => undefined)

/**
 * Names every I/O point of a run as it is passed, and tells at one of them to die. A point is its label and how often the label came before,
 * so that it is the same point in a repeated run though other points may come in another order.
 */
export class Scalpel {
  /** points in the order they were passed */
  readonly passed: string[] = []
  readonly #counts = new Map<string, number>()
  readonly #target: string | undefined
  struck = false

  constructor(target?: string) {
    this.#target = target
  }

  /** True when the victim's process ends here. */
  cuts(victim: Victim, label: string): boolean {
    const count = (this.#counts.get(label) ?? 0) + 1
    this.#counts.set(label, count)
    const name = `${victim}: ${label} #${count}`
    this.passed.push(name)
    if (this.struck || name !== this.#target) return false
    this.struck = true
    return true
  }
}
