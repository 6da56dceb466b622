import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../schemas/hash.ts'
import { CachedBlobs, FileBlobs, MemoryBlobs, StoreBlobs } from '../../src/blobs/index.ts'
import { WarmDirectory } from '../../src/workspace/index.ts'
import { temporary } from './temporary.ts'

describe('a workspace on a store with files', () => {
  it('keeps large and small files, and never shares bytes on disk with the store', async () => {
    const [base, small] = [temporary(), new MemoryBlobs()]
    const blobs = new CachedBlobs(new StoreBlobs({ put: async (_, bytes) => void (await small.put(bytes)), get: async (hash) => small.contents.get(hash), has: (hashes) => small.has(hashes) }, new FileBlobs(`${base}/blobs`)))
    await using warm = await WarmDirectory.open(`${base}/warm`, blobs)
    const contents = { tiny: Buffer.from('x'), middle: Buffer.alloc(100_000, 'm'), large: Buffer.alloc(5_000_000, 'l') }
    for (const [name, bytes] of Object.entries(contents)) writeFileSync(`${warm.root}/${name}`, bytes)
    const { tree, entries } = await warm.rescan()
    for (const [name, bytes] of Object.entries(contents)) expect(entries.get(name)?.sha256).toBe(sha256Hex(bytes))
    await warm.discard()
    await warm.checkout(tree)
    for (const name of Object.keys(contents)) truncateSync(`${warm.root}/${name}`)
    await warm.checkout(tree)
    for (const [name, bytes] of Object.entries(contents)) expect(readFileSync(`${warm.root}/${name}`).equals(bytes)).toBe(true)
  })
})
