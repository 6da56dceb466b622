import { mkdirSync, readFileSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sha256Hex } from '../../schemas/hash.ts'
import { CachedBlobs, FileBlobs, MemoryBlobs, StoreBlobs } from '../../src/blobs/index.ts'
import type { BlobStore } from '../../src/blobs/index.ts'
import { newFolder } from '../conformance/level-disk.ts'

const memory = () => {
  const blobs = new MemoryBlobs()
  return { put: async (_: string, bytes: Uint8Array) => { await blobs.put(bytes) }, get: async (hash: string) => blobs.contents.get(hash), has: (hashes: readonly string[]) => blobs.has(hashes) }
}

test.each<[string, () => BlobStore]>([
  ['in memory', () => new MemoryBlobs()],
  ['of a store', () => new StoreBlobs(memory(), new FileBlobs(join(newFolder(), 'blobs')))],
  ['cached', () => new CachedBlobs(new StoreBlobs(memory(), new FileBlobs(join(newFolder(), 'blobs'))))],
])('blobs %s keep what they are given under its hash, small and large, and miss what they were not given', async (_, make) => {
  const blobs = make()
  const folder = newFolder()
  for (const size of [0, 1, 65_536, 65_537, 3_000_000]) {
    const bytes = Buffer.alloc(size, size % 251)
    const hash = await blobs.put(bytes)
    expect(hash).toBe(sha256Hex(bytes))
    expect(await blobs.put(bytes)).toBe(hash)
    expect(Buffer.from(await blobs.get(hash)).equals(bytes)).toBe(true)
    writeFileSync(join(folder, `${size}`), bytes)
    expect(await blobs.putFile(join(folder, `${size}`))).toEqual({ hash, size })
    await blobs.getToFile(hash, join(folder, `${size}.copy`), 0o755)
    expect(readFileSync(join(folder, `${size}.copy`)).equals(bytes)).toBe(true)
    await expect(blobs.getToFile(hash, join(folder, `${size}.copy`), 0o644)).rejects.toThrow(/EEXIST/)
    expect(await blobs.has([hash, sha256Hex('nowhere')])).toEqual([true, false])
  }
  await expect(blobs.get(sha256Hex('nowhere'))).rejects.toThrow(/missing from the store/)
})

test('the same blob put by many at once is one file, and nothing is left behind', async () => {
  const directory = join(newFolder(), 'blobs')
  const bytes = Buffer.alloc(200_000, 5)
  const hash = sha256Hex(bytes)
  await Promise.all([1, 2, 3, 4].map(() => new FileBlobs(directory).put(hash, bytes)))
  expect(readdirSync(join(directory, 'incoming'))).toEqual([])
  expect(readdirSync(join(directory, hash.slice(0, 2)))).toEqual([hash.slice(2)])
})

test('a blob whose file was altered is refused by name', async () => {
  const files = new FileBlobs(join(newFolder(), 'blobs'))
  const blobs = new StoreBlobs(memory(), files)
  const hash = await blobs.put(Buffer.alloc(100_000, 1))
  const path = files.path(hash)
  const { chmodSync } = await import('node:fs')
  chmodSync(path, 0o644)
  writeFileSync(path, Buffer.alloc(100_000, 2))
  await expect(blobs.get(hash)).rejects.toThrow(new RegExp(`blob ${hash} is damaged`))
  await expect(files.check(hash)).rejects.toThrow(/damaged/)
})

test('a link is not followed, and a copy that fails leaves nothing behind', async () => {
  const folder = newFolder()
  const files = new FileBlobs(join(folder, 'blobs'))
  writeFileSync(join(folder, 'secret'), 'x')
  symlinkSync(join(folder, 'secret'), join(folder, 'link'))
  await expect(files.putFile(join(folder, 'link'))).rejects.toThrow(/ELOOP/)
  mkdirSync(join(folder, 'folder'))
  await expect(files.putFile(join(folder, 'folder'))).rejects.toThrow(/EISDIR/)
  expect(readdirSync(join(folder, 'blobs', 'incoming'))).toEqual([])
})

test('what an upload left behind is removed when it is a day old', async () => {
  const files = new FileBlobs(join(newFolder(), 'blobs'))
  const [old, young] = [await files.temporary(), await files.temporary()]
  for (const path of [old, young]) writeFileSync(path, 'x')
  utimesSync(old, 1, 1)
  await files.clearIncoming()
  expect(readdirSync(join(files.directory, 'incoming'))).toEqual([young.split('/').at(-1)])
})
