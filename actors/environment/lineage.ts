import type { ListValue, Received } from '../protocol.ts'
import type { Context } from './context.ts'

/** A workspace that the run once had, with what undo walks back from there. */
export interface Place { tree: string; edits: ListValue | null }

type Search = { at: ListValue | null; found: Place | undefined }

/** Where the search for an event's base has come to: it goes on as more of the transcript is read, and need not begin anew. */
const searches = new WeakMap<Received, { context: Context; search: Search }>()

/**
 * The newest place of this tree in the run's own past: `found`, or the next node of the transcript that has to be read (`need`), or
 * neither when the run never had it.
 */
export function placeOf(context: Context, event: Received, base: string): { found?: Place; need?: string } {
  const known = searches.get(event)
  let search: Search = known?.context === context ? known.search : { at: context.transcript, found: undefined }
  while (search.found === undefined && search.at?.ref !== undefined) {
    const node = event.read[search.at.ref]
    if (node === undefined) break
    const { prev, items } = JSON.parse(node) as { prev: ListValue | null; items: { tree: string; edits?: ListValue | null }[] }
    const item = items.findLast(({ tree }) => tree === base)
    search = { at: prev, found: item === undefined ? undefined : { tree: base, edits: item.edits ?? null } }
  }
  if (search.found === undefined && search.at?.ref === undefined && base === context.task.tree) search = { at: null, found: { tree: base, edits: null } }
  searches.set(event, { context, search })
  if (search.found !== undefined) return { found: search.found }
  return search.at?.ref === undefined ? {} : { need: search.at.ref }
}
