import type { AnyActorLogic, AnyStateMachine, AnyStateNode } from 'xstate'

const SENDING = new Set(['send', 'sendAll'])

/**
 * What a machine must not be, as sentences; none when it keeps the rules of architecture, section 7: named send and sendAll with
 * params, assign, guards, named `after` delays, no child of any kind, and a root that answers unknown events.
 */
export function brokenRules(logic: AnyActorLogic): string[] {
  const machine = logic as AnyStateMachine
  const out: string[] = []
  walk(machine.root, (node) => {
    const where = node.path.join('.') || 'root'
    if (node.invoke.length > 0) out.push(`${where} invokes ${node.invoke.map(({ src }) => String(src)).join(', ')}`)
    for (const action of [...node.entry, ...node.exit]) out.push(...judge(action, where))
    for (const transition of [...node.transitions.values()].flat().concat(node.always ?? [])) {
      for (const action of transition.actions) out.push(...judge(action, `${where} on ${transition.eventType}`))
      const { guard } = transition
      if (typeof guard === 'function') out.push(`${where} on ${transition.eventType} has an inline guard`)
    }
    for (const { delay } of node.after) if (typeof delay !== 'string' || /^\d+$/.test(delay)) out.push(`${where} has an unnamed delay (${String(delay)})`)
    const output: unknown = (node.config as { output?: unknown }).output
    if (output !== undefined) out.push(`${where} has an output: an answer is a message`)
  })
  if (!machine.root.ownEvents.includes('*')) out.push('the root has no answer to unknown events: on["*"]')
  const named = machine.implementations.actions as Record<string, unknown>
  for (const [name, implementation] of Object.entries(named)) {
    if (!SENDING.has(name)) out.push(`the action "${name}" is none that the host knows`)
    else if (typeof implementation !== 'function' || 'resolve' in implementation || !/^\(?[^)]*\)?\s*=>\s*\{\s*\}$/.test(String(implementation))) out.push(`the action "${name}" does something by itself`)
  }
  if (Object.keys(machine.implementations.actors).length > 0) out.push('the machine has child actors')
  return out
}

/** Visits a state node and all below it. */
export function walk(node: AnyStateNode, visit: (node: AnyStateNode) => void): void {
  visit(node)
  for (const child of Object.values(node.states as Record<string, AnyStateNode>)) walk(child, visit)
}

/** Delayed events and their cancellation are what `after` is made of; the host turns both into durable timers. */
const isAfter = (action: { type?: string; id?: unknown; sendId?: unknown }): boolean =>
  (action.type === 'xstate.raise' && String(action.id).startsWith('xstate.after.')) || (action.type === 'xstate.cancel' && String(action.sendId).startsWith('xstate.after.'))

function judge(action: unknown, where: string): string[] {
  if (typeof action === 'string') return SENDING.has(action) ? [`${where} sends without params`] : [`${where} runs the action "${action}"`]
  if (typeof action === 'function') {
    const { type } = action as { type?: string }
    if (type === 'xstate.assign') return []
    return isAfter(action as never) ? [] : [`${where} has an inline action (${type ?? (action.name || 'a function')})`]
  }
  const { type, params } = action as { type: string; params?: unknown }
  if (!SENDING.has(type)) return [`${where} runs the action "${type}"`]
  return params === undefined ? [`${where} sends without params`] : []
}
