import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffTrees, isSameTree } from '../../schemas/tree-diff.ts'
import { conflictOf, withFile, withoutFile } from '../../schemas/tree-edit.ts'
import { comparePaths, formatTree, isSafePath, parseTree } from '../../schemas/tree.ts'
import type { TreeEntry } from '../../schemas/tree.ts'

const part = fc.string({ unit: fc.oneof(fc.constantFrom('a', 'b', '.', ' ', '-', '\\', '\n', '\r', 'é', 'e\u0301', '\u2028', '\ufb01', '😀', '"', '!'), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })), minLength: 1, maxLength: 4 })
  .filter((text) => !text.includes('/') && isSafePath(text))
const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
const hash = fc.stringMatching(/^[0-9a-f]{64}$/)
const file = fc.record({ path, kind: fc.constant('file' as const), mode: fc.constantFrom(0o644, 0o755), sha256: hash, size: fc.nat() })
const tree = fc.array(file, { maxLength: 12 }).map((files) => {
  let entries = new Map<string, TreeEntry>()
  for (const entry of files) if (conflictOf(entries, entry.path) === undefined) entries = withFile(entries, entry).tree
  return entries
})

describe('a manifest', () => {
  it('reads back as it was written, whatever the names', () => {
    fc.assert(fc.property(tree, (entries) => {
      const text = formatTree(entries.values())
      expect([...parseTree(text).values()]).toEqual([...entries.values()].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))))
      expect(formatTree(parseTree(text).values())).toBe(text)
    }))
  })

  it('has one spelling: whatever parses is written the same way', () => {
    const h = 'a'.repeat(64)
    fc.assert(fc.property(fc.array(fc.constantFrom(`644 file ${h} 1 `, '755 dir - 0 ', 'a', 'b', '/', '\\', '\n', 'n', '\\n', ' ', '\r'), { maxLength: 14 }), (parts) => {
      const text = parts.join('')
      let entries
      try { entries = parseTree(text) } catch { return }
      expect(formatTree(entries.values())).toBe(text)
    }), { numRuns: 2000 })
  })

  it('sorts paths as their UTF-8 bytes do', () => {
    fc.assert(fc.property(path, path, (a, b) => {
      expect(Math.sign(comparePaths(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }), { numRuns: 500 })
    expect(comparePaths('\uffee', '😀')).toBeLessThan(0)
  })

  const h = '0'.repeat(64)
  it.each([
    ['a path outside', `644 file ${h} 1 ../a\n`],
    ['an absolute path', `644 file ${h} 1 /a\n`],
    ['a doubled line', `644 file ${h} 1 a\n644 file ${h} 1 a\n`],
    ['lines out of order', `644 file ${h} 1 b\n644 file ${h} 1 a\n`],
    ['a file that is also a directory', `644 file ${h} 1 a\n644 file ${h} 1 a b\n644 file ${h} 1 a/b\n`],
    ['a line for a directory that is not empty', `755 dir - 0 a\n644 file ${h} 1 a/b\n`],
    ['an escape nobody writes', `644 file ${h} 1 a\\b\n`],
    ['a size with a leading zero', `644 file ${h} 01 a\n`],
    ['another mode', `600 file ${h} 1 a\n`],
    ['a directory of another mode', '644 dir - 0 a\n'],
    ['no newline at the end', `644 file ${h} 1 a`],
    ['a NUL', `644 file ${h} 1 a\0b\n`],
  ])('refuses %s', (_, text) => {
    expect(() => parseTree(text)).toThrow(expect.objectContaining({ code: 'KYMO_TREE' }))
  })
})

describe('a tree diff', () => {
  it('turns one tree into the other', () => {
    fc.assert(fc.property(tree, tree, (before, after) => {
      const diff = diffTrees(before, after)
      const result = new Map<string, TreeEntry>(before)
      for (const entry of diff.removed) result.delete(entry.path)
      for (const entry of [...diff.added, ...diff.changed.map((one) => one.after), ...diff.mode.map((one) => one.after)]) result.set(entry.path, entry)
      expect(formatTree(result.values())).toBe(formatTree(after.values()))
      expect(isSameTree(diff)).toBe(formatTree(before.values()) === formatTree(after.values()))
    }))
  })
})

describe('editing a tree', () => {
  it('gives the earlier tree when an added file is taken away, empty directories included', () => {
    const empty: TreeEntry = { path: 'a/b', kind: 'dir', mode: 0o755, sha256: '', size: 0 }
    const before = new Map([[empty.path, empty]])
    const added = withFile(before, { path: 'a/b/c/d', kind: 'file', mode: 0o644, sha256: '1'.repeat(64), size: 1 })
    expect([...added.tree.keys()]).toEqual(['a/b/c/d'])
    expect(withoutFile(added.tree, 'a/b/c/d', added.filled)).toEqual(before)
  })
})
