import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import type { AgentEntry } from '../../../actors/index.ts'
import { scriptFile } from '../../../schemas/agent-config.ts'
import type { ScriptFile } from '../../../schemas/agent-config.ts'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { KymoError, messageOf } from '../../../schemas/errors.ts'
import type { BlobName } from '../../../schemas/record.ts'
import type { BlobStore } from '../../blobs/index.ts'
import type { Task } from '../tasks/index.ts'
import { referenceScript } from './reference-script.ts'

/** The config as it is recorded; what it names is stored. `task` as it is for the run's profile. Throws KYMO_AGENT_CONFIG, which says what the agent takes. */
export async function agentSettings(entry: AgentEntry, settings: Readonly<Record<string, string>>, task: Task, blobs: BlobStore): Promise<{ config: string; named: BlobName[] }> {
  if (entry.name === 'scripted') return scriptSettings(settings, task, blobs)
  const { config: schema } = entry
  const given = Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, valueOf(value)]))
  if (schema === undefined) {
    const [first] = Object.keys(given)
    if (first !== undefined) throw new KymoError('KYMO_AGENT_CONFIG', `the agent ${entry.name} has no settings, so ${first} means nothing to it`)
    return { config: canonicalJson({}), named: [] }
  }
  const known = Object.keys(schema.shape)
  const unknown = Object.keys(given).find((key) => !known.includes(key))
  if (unknown !== undefined) throw new KymoError('KYMO_AGENT_CONFIG', `the agent ${entry.name} has no setting "${unknown}"; it takes ${known.join(', ')} ("kymo agent list" describes them)`)
  const parsed = schema.safeParse(given)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new KymoError('KYMO_AGENT_CONFIG', `the setting ${issue?.path.join('.') ?? ''} of the agent ${entry.name} does not fit: ${issue?.message ?? ''}`)
  }
  return { config: canonicalJson(parsed.data), named: [] }
}

/** On a command line numbers, true, false and lists are written as such; anything else is text. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The word for the task's own reference solution; a file of that name is ./reference. */
const REFERENCE = 'reference'

async function scriptSettings({ script: path, ...rest }: Readonly<Record<string, string>>, task: Task, blobs: BlobStore): Promise<{ config: string; named: BlobName[] }> {
  const unknown = Object.keys(rest)
  if (unknown.length > 0) throw new KymoError('KYMO_AGENT_CONFIG', `the scripted agent has no setting "${unknown[0] ?? ''}"; it takes script=FILE`)
  if (path === undefined) throw new KymoError('KYMO_AGENT_CONFIG', 'the scripted agent plays a file of actions: name it with --agent-config script=FILE, or play the reference solution of the task with script=reference')
  if (path === REFERENCE) return storeActions(await referenceScript(task), blobs)
  return storeScript(await readFile(path, 'utf8').catch((cause: unknown) => { throw new KymoError('KYMO_AGENT_CONFIG', `the script ${path} cannot be read (${messageOf(cause)}): give the path of a YAML file with actions, or play the task's own solution with --agent-config script=reference`, { cause }) }), path, blobs)
}

/** Stores a script as people write it. Throws KYMO_AGENT_CONFIG with what does not fit. */
export async function storeScript(source: string, path: string, blobs: BlobStore): Promise<{ config: string; named: BlobName[] }> {
  let parsed: ReturnType<typeof scriptFile.safeParse>
  try {
    parsed = scriptFile.safeParse(parse(source))
  } catch (cause) {
    throw new KymoError('KYMO_AGENT_CONFIG', `the script ${path} is not YAML (${messageOf(cause)})`, { cause })
  }
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new KymoError('KYMO_AGENT_CONFIG', `the script ${path} does not fit at ${issue?.path.join('.') || 'the top'}: ${issue?.message ?? ''}. It is a list "actions:" of {action, args}`)
  }
  return storeActions(parsed.data, blobs)
}

/** A script as a linked list whose `prev` is what follows, so that the agent holds one item at a time. */
async function storeActions({ actions, replies }: ScriptFile, blobs: BlobStore): Promise<{ config: string; named: BlobName[] }> {
  let script: { ref: string; bytes: number } | null = null
  for (const item of actions.toReversed()) {
    const node: Uint8Array = Buffer.from(canonicalJson({ prev: script, items: [item] }).toWellFormed())
    script = { ref: await blobs.put(node), bytes: node.length }
  }
  const named: BlobName[] = script === null ? [] : [{ hash: script.ref, kind: 'list', bytes: script.bytes }]
  if (replies === undefined) return { config: canonicalJson({ script }), named }
  const bytes = Buffer.from(canonicalJson(replies))
  const hash = await blobs.put(bytes)
  return { config: canonicalJson({ script, completion: { provider: 'scripted', model: 'scripted', replies: hash } }), named: [...named, { hash, kind: 'bytes', bytes: bytes.length }] }
}
