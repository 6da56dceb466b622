import { describe, expect, it } from 'vitest'
import { MemoryBlobs } from '../../src/blobs/index.ts'
import { loadTree, runFileActionWith } from '../../src/workspace/index.ts'

const input = { tree: '', layers: [], edits: '', readOnly: [], step: 1 }

describe('running a file action against a blob store', () => {
  it('names every blob it put, and they are in the store', async () => {
    const blobs = new MemoryBlobs()
    const { result, named } = await runFileActionWith(blobs, { ...input, action: 'Write File', args: { file_name: 'a', content: 'hello' } })
    expect(result).toMatchObject({ ok: true, changed: true })
    expect(named.map(({ kind, bytes }) => [kind, bytes])).toEqual([['text', 5], ['tree', 78], ['list', expect.any(Number)]])
    expect(await blobs.has(named.map(({ hash }) => hash))).toEqual([true, true, true])
    expect(named.map(({ hash }) => hash)).toEqual(expect.arrayContaining([result.tree, result.edits]))
    expect([...(await loadTree(result.tree, blobs)).keys()]).toEqual(['a'])
  })

  it('gives the same result again, which is what verify relies on', async () => {
    const blobs = new MemoryBlobs()
    const first = await runFileActionWith(blobs, { ...input, action: 'Append File', args: { file_name: 'a', content: 'x' } })
    const read = { ...input, tree: first.result.tree, layers: [{ mount: 'data', tree: first.result.tree }], action: 'Read File', args: { file_name: 'data/a' } }
    expect(await runFileActionWith(blobs, read)).toEqual(await runFileActionWith(blobs, read))
    expect((await runFileActionWith(blobs, read)).result.observation).toBe('x')
  })

  it('throws when the store lacks what it needs, rather than telling the agent a story', async () => {
    await expect(runFileActionWith(new MemoryBlobs(), { ...input, tree: 'f'.repeat(64), action: 'List Files', args: { dir_path: '.' } })).rejects.toMatchObject({ code: 'KYMO_BLOB_MISSING' })
  })
})
