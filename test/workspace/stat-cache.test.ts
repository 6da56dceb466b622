import { statSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { RACY_WINDOW_MS, describeFile, looksSame } from '../../src/workspace/stat-cache.ts'

const stats = (changes: Partial<Stats>): Stats => Object.assign(statSync('.'), { size: 1, ino: 1, mtimeMs: 1000, ctimeMs: 1000 }, changes)

describe('what is remembered of a file', () => {
  it.each([
    ['touched long before', 1000, 1000, 1000 + RACY_WINDOW_MS + 1, true],
    ['touched just before it was read', 1000, 1000, 1000 + RACY_WINDOW_MS, false],
    ['its time set back just before it was read', 0, 1000, 1010, false],
    ['written just before, on a file system that keeps no ctime', 1000, 0, 1010, false],
    ['from the future', 5000, 1000, 2000, false],
  ])('is trusted only when a later write must show: %s', (_, mtimeMs, ctimeMs, readAt, settled) => {
    expect(describeFile(stats({ mtimeMs, ctimeMs }), 'hash', readAt, true).settled).toBe(settled)
  })

  it.each([['size', 2], ['mtimeMs', 1000.25], ['ctimeMs', 1001], ['ino', 2]] as const)('does not fit any more when its %s differs', (field, value) => {
    const known = describeFile(stats({}), 'hash', 9999, true)
    expect(looksSame(known, stats({}))).toBe(true)
    expect(looksSame(known, stats({ [field]: value }))).toBe(false)
  })
})
