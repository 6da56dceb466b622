import { canonicalJson } from '../../../schemas/canonical-json.ts'
import type { ActionSpecText } from './specs.ts'

/** The name of an action as providers let tools be called: "Edit Script (AI)" becomes edit_script_ai. */
export const toolName = (action: string): string => {
  const name = action.toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_|_$/g, '').slice(0, 64)
  return name === '' ? 'action' : name
}

/** Tool names of these actions, by action; two actions that would be called alike are numbered. */
export function toolNames(actions: readonly string[]): Map<string, string> {
  const out = new Map<string, string>()
  const taken = new Set<string>()
  for (const action of actions) {
    const plain = toolName(action)
    let name = plain
    for (let n = 2; taken.has(name); n++) name = `${plain.slice(0, 60)}_${n}`
    taken.add(name)
    out.set(action, name)
  }
  return out
}

/** The actions as tools of a completion request (`completion.requested.tools`): canonical JSON. */
export function toolSpecs(specs: readonly ActionSpecText[]): string {
  const names = toolNames(specs.map(({ name }) => name))
  return canonicalJson(specs.map(({ name, description, returns, schema }) => ({ name: names.get(name) ?? name, description: `${name}: ${description} Gives back: ${returns}.`, parameters: schema })))
}
