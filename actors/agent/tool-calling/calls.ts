import { canonicalJson } from '../../../schemas/canonical-json.ts'
import type { Json } from '../../../schemas/canonical-json.ts'
import { readObject, resolveAction } from '../parsing/index.ts'
import { toolName, toolNames } from '../prompt/index.ts'

/** A call of a tool, as a reply carries it. `arguments` is {"": text} where the model wrote no JSON object. */
export interface Call { id: string; name: string; arguments: { [key: string]: Json } }

/** The calls of a reply that will be carried out. `changed`: they differ from what the model sent. `remarks`: what was mended or left out. */
export interface Calls { calls: Call[]; changed: boolean; remarks: string[] }

const NAME = /^[a-zA-Z0-9_-]{1,64}$/

/** The text of arguments that are no JSON object. */
export const rawArguments = ({ arguments: args }: Pick<Call, 'arguments'>): string | undefined => {
  const raw = args['']
  return typeof raw === 'string' && Object.keys(args).length === 1 ? raw : undefined
}

/**
 * The calls of a reply in their order, at most `most`. Each has an id of its own and a name that providers take back; arguments that only need mending are
 * mended and that is said. When the reply was cut at its length limit, its last call may be half a call: it is left out.
 */
export function readCalls(toolCalls: string, cut: boolean, most: number): Calls {
  const remarks: string[] = []
  const sent = parseCalls(toolCalls)
  let kept = sent
  if (cut && kept.length > 0) {
    kept = kept.slice(0, -1)
    remarks.push('your last tool call was cut off at the length limit and not carried out')
  }
  if (kept.length > most) {
    remarks.push(`of ${kept.length} tool calls only the first ${most} were carried out`)
    kept = kept.slice(0, most)
  }
  const ids = new Set<string>()
  const calls = kept.map((call, index): Call => {
    let id = call.id === '' ? `call_${index + 1}` : call.id
    for (let n = 1; ids.has(id); n++) id = `call_${index + 1}_${n}`
    ids.add(id)
    return { id, name: NAME.test(call.name) ? call.name : toolName(call.name), arguments: mend(call, remarks) }
  })
  return { calls, changed: canonicalJson(calls) !== canonicalJson(sent), remarks }
}

function mend(call: Call, remarks: string[]): Call['arguments'] {
  const raw = rawArguments(call)
  if (raw === undefined) return call.arguments
  if (raw.trim() === '') return {}
  const reading = readObject(raw, { finished: true })
  if (!reading.ok) return call.arguments
  if (reading.repairs.length > 0) remarks.push(`in the arguments of ${call.name}: ${reading.repairs.join(', ')}`)
  return reading.value
}

/** Calls as they stand in a record; whatever is none is left out. */
export function parseCalls(toolCalls: string): Call[] {
  return listIn(toolCalls).flatMap((call) => {
    if (typeof call !== 'object' || call === null) return []
    const { id, name, arguments: args } = call as Record<string, unknown>
    if (typeof name !== 'string') return []
    return [{ id: typeof id === 'string' ? id : '', name, arguments: typeof args === 'object' && args !== null && !Array.isArray(args) ? (args as Call['arguments']) : {} }]
  })
}

function listIn(json: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(json === '' ? '[]' : json)
    return Array.isArray(parsed) ? (parsed as unknown[]) : []
  } catch {
    return []
  }
}

/** The action that a tool call asks for: the one whose tool it is, or the name as it came, for the environment to refuse. */
export function actionOf(call: Call, actions: readonly string[]): { name: string; arguments: string } {
  const byTool = [...toolNames(actions)].find(([, tool]) => tool === call.name)?.[0]
  return { name: byTool ?? resolveAction(call.name, actions)?.name ?? call.name, arguments: rawArguments(call) ?? canonicalJson(call.arguments) }
}
