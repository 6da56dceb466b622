import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, linkSync, lstatSync, mkdirSync, readFileSync, renameSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../schemas/hash.ts'
import { MemoryBlobs } from '../../src/blobs/index.ts'
import { newStatCache, scanDirectory, storeDirectory } from '../../src/workspace/index.ts'
import { portrait, sleep, temporary } from './temporary.ts'

const isRoot = process.getuid?.() === 0

describe('scanning a directory', () => {
  it('keeps bytes, the executable bit, empty directories and odd names', async () => {
    const [root, blobs] = [temporary(), new MemoryBlobs()]
    const names = ['two\nlines', '-rf', ' space ', '"quoted"', 'back\\slash', 'caf\u00e9', 'cafe\u0301', '😀', '\u2028', '\ufffd', '...', 'cr\r']
    for (const name of names) writeFileSync(`${root}/${name}`, name)
    writeFileSync(`${root}/run.sh`, '#!')
    chmodSync(`${root}/run.sh`, 0o700)
    mkdirSync(`${root}/empty/inner`, { recursive: true })
    const before = portrait(root)
    const scan = await storeDirectory(root, blobs)
    expect(portrait(root)).toEqual(before)
    expect(scan.dropped).toEqual([])
    expect([...scan.entries.keys()].sort()).toEqual([...names, 'run.sh', 'empty/inner'].sort())
    expect(scan.entries.get('run.sh')?.mode).toBe(0o755)
    expect(scan.entries.get('empty/inner')?.kind).toBe('dir')
    for (const name of names) expect(Buffer.from(await blobs.get(scan.entries.get(name)?.sha256 ?? '')).toString()).toBe(name)
    expect(sha256Hex(await blobs.get(scan.tree))).toBe(scan.tree)
  })

  it('lets nothing pass that is no regular file, and never follows or blocks', async () => {
    const [root, outside, blobs] = [temporary(), temporary(), new MemoryBlobs()]
    writeFileSync(`${outside}/secret`, 'secret')
    mkdirSync(`${root}/sub`)
    symlinkSync('/etc/passwd', `${root}/sub/passwd`)
    symlinkSync(outside, `${root}/folder`)
    symlinkSync('nowhere', `${root}/dangling`)
    execFileSync('mkfifo', [`${root}/fifo`])
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0x61, 0xff)]), 'not text')
    mkdirSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0xfe)]))
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0xfe, 0x2f, 0x61)]), 'inside')
    writeFileSync(`${root}/suid`, 's')
    chmodSync(`${root}/suid`, 0o4755)
    const server = createServer().listen(`${root}/socket`)
    await new Promise((resolve) => server.once('listening', resolve))
    if (isRoot) try { execFileSync('mknod', [`${root}/zero`, 'c', '1', '5'], { stdio: 'ignore' }) } catch { /* not allowed in this container */ }
    const device = existsSync(`${root}/zero`)
    const expected = ['a\\xff: name is not UTF-8', '\\xfe: name is not UTF-8', 'dangling: symbolic link', 'fifo: FIFO', 'folder: symbolic link', 'socket: socket', 'sub/passwd: symbolic link',
      'suid: setuid, setgid or sticky bit (the file was kept without it)', ...(device ? ['zero: device'] : [])]
    try {
      const cold = await storeDirectory(root, blobs)
      expect(cold.dropped.sort()).toEqual(expected.sort())
      expect([...cold.entries.keys()]).toEqual(['sub', 'suid'])
      expect(lstatSync(`${root}/fifo`).isFIFO()).toBe(true)
      const own = await scanDirectory(root, blobs, { own: true })
      expect(own.tree).toBe(cold.tree)
      expect(own.dropped.sort()).toEqual(expected.sort())
      expect(Object.keys(portrait(root))).toEqual(['sub/', 'suid'])
      expect(lstatSync(`${root}/suid`).mode & 0o7777).toBe(0o755)
      expect((await scanDirectory(root, blobs, { own: true })).dropped).toEqual([])
      expect(readFileSync(`${outside}/secret`, 'utf8')).toBe('secret')
    } finally {
      server.close()
    }
  })

  it('breaks hard links in its own directory: changing one name leaves the other alone', async () => {
    const [root, outside, blobs] = [temporary(), temporary(), new MemoryBlobs()]
    writeFileSync(`${outside}/kept`, 'kept')
    linkSync(`${outside}/kept`, `${root}/a`)
    writeFileSync(`${root}/b`, 'b')
    linkSync(`${root}/b`, `${root}/c`)
    const { entries } = await scanDirectory(root, blobs, { own: true })
    expect(entries.size).toBe(3)
    for (const name of ['a', 'b', 'c']) expect(lstatSync(`${root}/${name}`).nlink).toBe(1)
    writeFileSync(`${root}/a`, 'other')
    expect(readFileSync(`${outside}/kept`, 'utf8')).toBe('kept')
  })

  it('leaves out mounts and what is ignored, also the directories that only hold mounts', async () => {
    const [root, blobs] = [temporary(), new MemoryBlobs()]
    mkdirSync(`${root}/in/data`, { recursive: true })
    mkdirSync(`${root}/pkg/__pycache__`, { recursive: true })
    writeFileSync(`${root}/in/data/x`, 'x')
    writeFileSync(`${root}/pkg/__pycache__/m.pyc`, 'x')
    writeFileSync(`${root}/pkg/m.py`, 'x')
    const { entries } = await scanDirectory(root, blobs, { mounts: ['in/data'], ignore: ['**/__pycache__'] })
    expect([...entries.keys()]).toEqual(['pkg/m.py'])
  })

  it('stores large files without holding them in memory at once', async () => {
    const [root, blobs] = [temporary(), new MemoryBlobs()]
    const bytes = Buffer.alloc(9 * 1024 * 1024 + 1, 'abc')
    writeFileSync(`${root}/big`, bytes)
    const { entries } = await scanDirectory(root, blobs)
    expect(entries.get('big')).toMatchObject({ sha256: sha256Hex(bytes), size: bytes.length })
    expect((await scanDirectory(root, new MemoryBlobs(), { store: false })).entries.get('big')?.sha256).toBe(sha256Hex(bytes))
  })

  it('refuses what is no directory', async () => {
    await expect(storeDirectory('/nowhere/at/all', new MemoryBlobs())).rejects.toMatchObject({ code: 'KYMO_NO_DIRECTORY' })
  })
})

describe('the stat cache', () => {
  it('reads nothing again when nothing changed, and only what changed otherwise', async () => {
    const [root, blobs, cache] = [temporary(), new MemoryBlobs(), newStatCache()]
    for (let index = 0; index < 50; index++) writeFileSync(`${root}/f${index}`, `${index}`)
    await sleep(40)
    expect((await scanDirectory(root, blobs, { cache })).hashed).toBe(50)
    expect((await scanDirectory(root, blobs, { cache })).hashed).toBe(0)
    writeFileSync(`${root}/f7`, 'x')
    await sleep(40)
    expect((await scanDirectory(root, blobs, { cache })).hashed).toBe(1)
    expect((await scanDirectory(root, blobs, { cache })).hashed).toBe(0)
  })

  it('does not trust a file that was written in the same instant, even with its size and times put back', async () => {
    const [root, blobs, cache] = [temporary(), new MemoryBlobs(), newStatCache()]
    const path = `${root}/f`
    for (let round = 0; round < 200; round++) {
      writeFileSync(path, String(round).padStart(4, '0'))
      const first = await scanDirectory(root, blobs, { cache, own: true })
      const { atimeMs, mtimeMs } = lstatSync(path)
      writeFileSync(path, String(round + 5000))
      utimesSync(path, atimeMs / 1000, mtimeMs / 1000)
      const second = await scanDirectory(root, blobs, { cache, own: true })
      expect(second.tree).not.toBe(first.tree)
      expect(second.entries.get('f')?.sha256).toBe(sha256Hex(String(round + 5000)))
    }
  })

  it('notices a file replaced by another one of the same size and time', async () => {
    const [root, blobs, cache] = [temporary(), new MemoryBlobs(), newStatCache()]
    writeFileSync(`${root}/f`, 'one')
    utimesSync(`${root}/f`, 1000, 1000)
    await sleep(40)
    const first = await scanDirectory(root, blobs, { cache })
    unlinkSync(`${root}/f`)
    writeFileSync(`${root}/f`, 'two')
    utimesSync(`${root}/f`, 1000, 1000)
    expect((await scanDirectory(root, blobs, { cache })).tree).not.toBe(first.tree)
  })

  it('notices an empty directory with another name, though no file changed', async () => {
    const [root, blobs, cache] = [temporary(), new MemoryBlobs(), newStatCache()]
    mkdirSync(`${root}/one`)
    await scanDirectory(root, blobs, { cache })
    renameSync(`${root}/one`, `${root}/two`)
    expect([...(await scanDirectory(root, blobs, { cache })).entries.keys()]).toEqual(['two'])
  })

  it('stores what an earlier scan had only hashed', async () => {
    const [root, blobs, cache] = [temporary(), new MemoryBlobs(), newStatCache()]
    writeFileSync(`${root}/f`, 'one')
    await sleep(40)
    await scanDirectory(root, blobs, { cache, store: false })
    expect(blobs.contents.size).toBe(0)
    await scanDirectory(root, blobs, { cache })
    expect(await blobs.has([sha256Hex('one')])).toEqual([true])
  })
})
