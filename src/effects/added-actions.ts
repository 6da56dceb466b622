import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { parse } from 'yaml'
import { ACTIONS } from '../../actors/index.ts'
import { addedActions } from '../../schemas/added-actions.ts'
import type { AddedAction } from '../../schemas/added-actions.ts'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import { KymoError, messageOf } from '../../schemas/errors.ts'
import type { BlobStore } from '../blobs/index.ts'

const refuse = (message: string, cause?: unknown): KymoError => new KymoError('KYMO_ADDED_ACTIONS', message, { cause })

/**
 * The actions that a file adds: a list, or {actions: list}, in YAML or JSON, or as `actions` or the default export of a .mjs module.
 * What it gives is data; the module is not needed again once the run has begun. Throws KYMO_ADDED_ACTIONS with every problem on a line of its own.
 */
export async function loadActions(path: string): Promise<AddedAction[]> {
  const content = await contentOf(path)
  const list = typeof content === 'object' && content !== null && 'actions' in content ? content.actions : content
  const checked = addedActions.safeParse(list)
  if (!checked.success) {
    if (!Array.isArray(list)) throw refuse(`${path}: write a list of actions, each with name, description, arguments, returns and does`)
    throw refuse(checked.error.issues.map(({ path: at, message, ...issue }) => `${path}, ${placeOf(list, at)}: ${'keys' in issue ? `there is no such field: ${issue.keys.join(', ')}` : message}`).join('\n'))
  }
  const taken = checked.data.find(({ name }) => ACTIONS.has(name))
  if (taken !== undefined) throw refuse(`${path}: ${taken.name} is one of Kymo's own actions. Give the added one another name`)
  return checked.data
}

/** The lists of a task and of a run as one. Throws KYMO_ADDED_ACTIONS when both have an action of one name. */
export function joinedActions(...lists: readonly (readonly AddedAction[])[]): AddedAction[] {
  const all = lists.flat()
  const twice = all.find(({ name }, index) => all.findIndex((other) => other.name === name) !== index)
  if (twice !== undefined) throw refuse(`the task and the run both add an action of the name ${twice.name}. Give one of them another name`)
  return all
}

/** Keeps the actions for a run.started: undefined when there are none. */
export async function storeActions(actions: readonly AddedAction[], blobs: Pick<BlobStore, 'put'>): Promise<{ ref: string; bytes: number } | undefined> {
  if (actions.length === 0) return undefined
  const bytes = Buffer.from(canonicalJson(actions))
  return { ref: await blobs.put(bytes), bytes: bytes.length }
}

async function contentOf(path: string): Promise<unknown> {
  try {
    if (/\.[cm]?js$/.test(path)) {
      const module = await (await import('./import-module.ts')).importModule(path)
      return module['actions'] ?? module['default']
    }
    const text = await readFile(path, 'utf8')
    return parse(text) as unknown
  } catch (cause) {
    throw refuse(`the actions in ${path} cannot be read (${messageOf(cause)}). Name a ${['.yaml', '.yml', '.json'].includes(extname(path)) ? 'readable' : '.yaml, .json or .mjs'} file with a list of actions`, cause)
  }
}

/** Where in a list a problem is, by the name of its action. */
function placeOf(list: readonly unknown[], [index, ...rest]: readonly PropertyKey[]): string {
  const action = typeof index === 'number' ? list[index] : undefined
  const name = typeof action === 'object' && action !== null && 'name' in action && typeof action.name === 'string' ? action.name : `action ${Number(index) + 1}`
  return [index === undefined ? 'the list' : name, ...rest.map((part) => (typeof part === 'number' ? String(part + 1) : String(part)))].join(', ')
}
