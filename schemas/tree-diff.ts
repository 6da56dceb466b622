import type { Tree } from './tree-edit.ts'
import type { TreeEntry } from './tree.ts'
import { comparePaths } from './tree.ts'

export interface TreeDiff {
  added: TreeEntry[]
  removed: TreeEntry[]
  /** other bytes, perhaps another mode too */
  changed: { before: TreeEntry; after: TreeEntry }[]
  /** same bytes, another mode */
  mode: { before: TreeEntry; after: TreeEntry }[]
}

/** What happened between two trees, each list sorted by path. A file that became an empty directory is removed and added. */
export function diffTrees(before: Tree, after: Tree): TreeDiff {
  const diff: TreeDiff = { added: [], removed: [], changed: [], mode: [] }
  for (const old of before.values()) {
    const now = after.get(old.path)
    if (now === undefined || now.kind !== old.kind) diff.removed.push(old)
    else if (now.sha256 !== old.sha256) diff.changed.push({ before: old, after: now })
    else if (now.mode !== old.mode) diff.mode.push({ before: old, after: now })
  }
  for (const now of after.values()) if (before.get(now.path)?.kind !== now.kind) diff.added.push(now)
  const byPath = (a: TreeEntry, b: TreeEntry) => comparePaths(a.path, b.path)
  const byAfter = (a: { after: TreeEntry }, b: { after: TreeEntry }) => byPath(a.after, b.after)
  diff.added.sort(byPath)
  diff.removed.sort(byPath)
  diff.changed.sort(byAfter)
  diff.mode.sort(byAfter)
  return diff
}

/** True when nothing differs. */
export const isSameTree = ({ added, removed, changed, mode }: TreeDiff): boolean => added.length + removed.length + changed.length + mode.length === 0
