import { chmodSync, existsSync, linkSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryBlobs } from '../../src/blobs/index.ts'
import { changedCopies, exportTree, materialise, storeDirectory, WarmDirectory } from '../../src/workspace/index.ts'
import { portrait, sleep, temporary } from './temporary.ts'

/** A small script: what programs do to a directory, hostile ones too. A step that makes no sense in the directory as it is does nothing. */
const names = fc.constantFrom('a', 'b', 'd', 'd/a', 'd/e', 'd/e/f', 'caf\u00e9', 'cafe\u0301', '-x', 'n\nl')
const step = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('write'), names, fc.constantFrom('', '1', '2', 'long')) },
  fc.tuple(fc.constantFrom('remove', 'mkdir', 'fifo', 'exec', 'plain', 'secret', 'none'), names, fc.constant('')),
  fc.tuple(fc.constantFrom('rename', 'link', 'symlink'), names, names),
)
function run(root: string, steps: readonly (readonly [string, string, string])[]): void {
  for (const [what, name, other] of steps) {
    const path = `${root}/${name}`
    try {
      if (what === 'write') writeFileSync(path, other)
      else if (what === 'remove') rmSync(path, { recursive: true })
      else if (what === 'mkdir') mkdirSync(path, { recursive: true })
      else if (what === 'exec') chmodSync(path, 0o777)
      else if (what === 'plain') chmodSync(path, 0o664)
      else if (what === 'secret') chmodSync(path, 0o000)
      else if (what === 'rename') renameSync(path, `${root}/${other}`)
      else if (what === 'link') linkSync(path, `${root}/${other}`)
      else if (what === 'symlink') symlinkSync(other, path)
    } catch { /* as a script that goes on after an error */ }
  }
}
const scripts = fc.array(fc.array(step, { maxLength: 10 }), { minLength: 1, maxLength: 4 })

describe('a warm directory', () => {
  it('always equals a cold checkout of its tree, whatever scripts do in it', async () => {
    await fc.assert(fc.asyncProperty(scripts, async (all) => {
      const [blobs, base] = [new MemoryBlobs(), temporary()]
      await using warm = await WarmDirectory.open(`${base}/warm`, blobs)
      const trees = ['']
      for (const [index, steps] of all.entries()) {
        run(warm.root, steps)
        const { tree, entries } = await warm.rescan()
        trees.push(tree)
        await exportTree(tree, `${base}/cold${index}`, blobs)
        expect(portrait(warm.root)).toEqual(portrait(`${base}/cold${index}`))
        expect((await storeDirectory(`${base}/cold${index}`, blobs)).tree).toBe(tree)
        expect((await warm.rescan()).entries).toEqual(entries)
      }
      // Back and forth between what it was, from a directory in any state.
      for (const [index, tree] of trees.toReversed().entries()) {
        run(warm.root, all[index % all.length] ?? [])
        await warm.checkout(tree)
        await exportTree(tree, `${base}/again${index}`, blobs)
        expect(portrait(warm.root)).toEqual(portrait(`${base}/again${index}`))
        expect((await warm.rescan()).entries).toEqual((await storeDirectory(`${base}/again${index}`, blobs)).entries)
      }
    }), { numRuns: 60 })
  })

  it('writes only what differs', async () => {
    const [blobs, base, source] = [new MemoryBlobs(), temporary(), temporary()]
    for (let index = 0; index < 20; index++) writeFileSync(`${source}/f${index}`, `${index}`)
    const one = (await storeDirectory(source, blobs)).tree
    writeFileSync(`${source}/f3`, 'changed')
    writeFileSync(`${source}/new`, 'new')
    rmSync(`${source}/f4`)
    chmodSync(`${source}/f5`, 0o755)
    const two = (await storeDirectory(source, blobs)).tree
    await using warm = await WarmDirectory.open(`${base}/warm`, blobs)
    expect(await warm.checkout(one)).toMatchObject({ added: 20, changed: 0, removed: 0 })
    const inode = statSync(`${warm.root}/f9`).ino
    expect(await warm.checkout(two)).toEqual({ added: 1, changed: 2, removed: 1, bytes: 10 })
    expect(await warm.checkout(two)).toEqual({ added: 0, changed: 0, removed: 0, bytes: 0 })
    expect(statSync(`${warm.root}/f9`).ino).toBe(inode)
    expect((await warm.rescan()).tree).toBe(two)
  })

  it('uses a quiet moment to make sure of young files, so that the next scan reads nothing', async () => {
    const [blobs, base] = [new MemoryBlobs(), temporary()]
    await using warm = await WarmDirectory.open(`${base}/warm`, blobs)
    writeFileSync(`${warm.root}/f`, 'f')
    writeFileSync(`${warm.root}/g`, 'g')
    expect((await warm.rescan()).hashed).toBe(2)
    await sleep(150)
    writeFileSync(`${warm.root}/g`, 'h')
    expect((await warm.rescan()).hashed).toBe(1)
  })

  it('throws a lost attempt away and keeps nothing of it', async () => {
    const [blobs, base] = [new MemoryBlobs(), temporary()]
    const warm = await WarmDirectory.open(`${base}/warm`, blobs)
    writeFileSync(`${warm.root}/kept`, 'kept')
    const { tree } = await warm.rescan()
    const known = blobs.contents.size
    writeFileSync(`${warm.root}/kept`, 'half')
    mkdirSync(`${warm.root}/locked/inner`, { recursive: true })
    chmodSync(`${warm.root}/locked`, 0o000)
    await warm.checkout(tree)
    expect(readFileSync(`${warm.root}/kept`, 'utf8')).toBe('kept')
    expect(readdirSync(warm.root)).toEqual(['kept'])
    writeFileSync(`${warm.root}/kept`, 'half again')
    await warm.discard()
    expect(readdirSync(warm.root)).toEqual([])
    await warm.checkout(tree)
    expect(readFileSync(`${warm.root}/kept`, 'utf8')).toBe('kept')
    expect(blobs.contents.size).toBe(known)
    await warm[Symbol.asyncDispose]()
    expect(existsSync(warm.root)).toBe(false)
  })

  it('takes no directory that holds something, unless told to clear it', async () => {
    const [blobs, base] = [new MemoryBlobs(), temporary()]
    writeFileSync(`${base}/mine`, 'mine')
    await expect(WarmDirectory.open(base, blobs)).rejects.toMatchObject({ code: 'KYMO_DIRECTORY_NOT_EMPTY' })
    expect(readFileSync(`${base}/mine`, 'utf8')).toBe('mine')
    await WarmDirectory.open(base, blobs, { clear: true })
    expect(readdirSync(base)).toEqual([])
  })
})

describe('layers', () => {
  async function prepared() {
    const [blobs, source, base] = [new MemoryBlobs(), temporary(), temporary()]
    mkdirSync(`${source}/images/small`, { recursive: true })
    writeFileSync(`${source}/train.csv`, 'a,b')
    writeFileSync(`${source}/images/small/1`, 'png')
    const layer = (await storeDirectory(source, blobs)).tree
    const starter = temporary()
    writeFileSync(`${starter}/train.py`, 'print()')
    return { blobs, source, base, layer, tree: (await storeDirectory(starter, blobs)).tree }
  }

  it('become mount points, one per top-level name at the root', async () => {
    const { blobs, base, layer, tree } = await prepared()
    const { targets } = await materialise(tree, [{ mount: '', tree: layer }, { mount: 'more/data', tree: layer }], `${base}/w`, blobs)
    expect(targets.map(({ target, inside, kind }) => [target, inside, kind])).toEqual([['images', 'images', 'dir'], ['more/data', '', 'dir'], ['train.csv', 'train.csv', 'file']])
    expect(Object.keys(portrait(`${base}/w`)).sort()).toEqual(['images/', 'more/', 'more/data/', 'train.csv', 'train.py'])
    expect(readFileSync(`${base}/w/train.csv`, 'utf8')).toBe('')
  })

  it('are copied without write bits where nothing can be bound, and a change of a copy is found', async () => {
    const { blobs, source, base, layer, tree } = await prepared()
    for (const layers of [[{ mount: '', tree: layer }], [{ mount: 'data', tree: layer, source }]]) {
      await using warm = await WarmDirectory.open(`${base}/${layers[0]?.mount}w`, blobs, { layers, copyLayers: true })
      await warm.checkout(tree)
      const at = `${warm.root}/${layers[0]?.mount ?? ''}`
      expect(readFileSync(`${at}/images/small/1`, 'utf8')).toBe('png')
      expect(lstatSync(`${at}/train.csv`).mode & 0o777).toBe(0o444)
      expect((await warm.rescan()).tree).toBe(tree)
      expect(await changedCopies(warm.targets, warm.root, blobs)).toEqual([])
      chmodSync(`${at}/train.csv`, 0o644)
      writeFileSync(`${at}/train.csv`, 'x,b')
      rmSync(`${at}/images/small`, { recursive: true })
      symlinkSync(`${source}/images/small`, `${at}/images/small`)
      const prefix = layers[0]?.mount === '' ? '' : 'data/'
      expect(await changedCopies(warm.targets, warm.root, blobs)).toEqual([`${prefix}images/small/1`, `${prefix}train.csv`])
    }
  })

  it('survive checkouts and do not appear in the tree', async () => {
    const { blobs, base, layer, tree } = await prepared()
    await using warm = await WarmDirectory.open(`${base}/w`, blobs, { layers: [{ mount: 'in/data', tree: layer }] })
    await warm.checkout(tree)
    await warm.checkout('')
    expect((await warm.rescan()).entries.size).toBe(0)
    expect(lstatSync(`${warm.root}/in/data`).isDirectory()).toBe(true)
    await warm.checkout(tree)
    expect((await warm.rescan()).tree).toBe(tree)
  })
})

describe('exporting a tree', () => {
  it('refuses a directory that holds something', async () => {
    const [blobs, base] = [new MemoryBlobs(), temporary()]
    writeFileSync(`${base}/mine`, '')
    await expect(exportTree('', base, blobs)).rejects.toMatchObject({ code: 'KYMO_DIRECTORY_NOT_EMPTY' })
  })
})
