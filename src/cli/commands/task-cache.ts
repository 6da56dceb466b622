import { KymoError } from '../../../schemas/errors.ts'
import { listCache, listTasks, pruneCache } from '../../effects/tasks/index.ts'
import type { CacheState, CachedFolder } from '../../effects/tasks/index.ts'
import { defaultCacheDir } from '../../effects/python/index.ts'
import { EXIT } from '../exit-codes.ts'
import { age, bytes, count } from '../format.ts'
import { printJson, stdout } from '../output.ts'
import { programName } from '../program-name.ts'
import { tableOf } from '../table.ts'

const DAY_MS = 86_400_000
/** A run may take hours, and one that was cut off wants to be resumed with the data that it began with. */
const LEAST_UNUSED_MS = DAY_MS

const MEANING: Readonly<Record<CacheState, string>> = {
  current: 'what a run takes', old: 'of an earlier version of the task', unfinished: 'left by a preparation that did not end', other: 'of a task that is not here', downloads: 'as fetched; needed only to prepare again',
}

/** `kymo task cache`: the data that were prepared on this machine; with --prune what nobody needs any more is removed. */
export async function taskCacheList({ prune = false, unused = 30 * DAY_MS, json = false }: { prune?: boolean; unused?: number; json?: boolean }): Promise<number> {
  if (prune && unused < LEAST_UNUSED_MS) throw new KymoError('KYMO_USAGE', 'data that were used less than a day ago may be those of a run that is not over: give --unused 1d or more')
  const tasks = (await listTasks()).flatMap((listing) => ('task' in listing ? [listing.task] : []))
  const now = Date.now()
  const removed = prune ? await pruneCache(tasks, { unusedMs: unused, now }) : []
  const left = await listCache(tasks)
  if (json) {
    const shown = (cached: CachedFolder): Record<string, unknown> => ({ task: cached.task, profile: cached.profile, state: cached.state, bytes: cached.bytes, used: new Date(cached.usedAt).toISOString(), folder: cached.folder })
    printJson({ cache: defaultCacheDir(), folders: left.map(shown), removed: removed.map(shown) })
    return EXIT.ok
  }
  const screen = stdout()
  if (left.length === 0) screen.line(`No data of tasks lie in ${defaultCacheDir()}.`)
  else {
    const columns = [{ title: 'task' }, { title: 'profile' }, { title: 'size', right: true }, { title: 'last used' }, { title: 'what it is' }, { title: 'folder' }]
    screen.line(tableOf(screen, columns, left.map((cached) => [screen.colors.bold(cached.task), cached.profile, bytes(cached.bytes), age(now - cached.usedAt), MEANING[cached.state], cached.folder])))
    screen.line(`\n${count(left.length, 'folder')}, ${bytes(left.reduce((sum, cached) => sum + cached.bytes, 0))}`)
  }
  const size = bytes(removed.reduce((sum, cached) => sum + cached.bytes, 0))
  if (prune) screen.line(removed.length === 0 ? `Nothing to remove: what is old was used within ${count(Math.floor(unused / DAY_MS), 'day')}.` : `Removed ${count(removed.length, 'folder')}, ${size}.`)
  else if (left.some(({ state }) => state === 'old' || state === 'unfinished')) screen.line(screen.colors.dim(`What is old or unfinished goes with: ${programName()} task cache --prune (once nobody used it for ${count(Math.floor(unused / DAY_MS), 'day')}; another time: --unused 7d)`))
  return EXIT.ok
}
