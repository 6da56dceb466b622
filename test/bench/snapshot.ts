import { createHash, randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, lstatSync, mkdirSync, openSync, readFileSync, readdirSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FileBlobs, MemoryBlobs, StoreBlobs } from '../../src/blobs/index.ts'
import { WarmDirectory } from '../../src/workspace/index.ts'
import { median, row, timed } from './row.ts'
import type { Bench } from './row.ts'

/** Sizes as real workspaces have them (log-normal), adding up to `total`. */
function sizes(count: number, total: number): number[] {
  const raw = Array.from({ length: count }, (_, n) => Math.exp(2 * Math.cos(2 * Math.PI * ((n * 0.618034) % 1)) * Math.sqrt(-2 * Math.log((n + 1) / (count + 1)))))
  const sum = raw.reduce((a, b) => a + b, 0)
  return raw.map((size) => Math.max(1, Math.round((size / sum) * total)))
}

export const snapshot: Bench = async ({ quick, directory, say }) => {
  const count = quick ? 200 : 1000
  const total = quick ? 32 * 2 ** 20 : 2 ** 30
  mkdirSync(directory, { recursive: true })
  const small = new MemoryBlobs()
  const blobs = new StoreBlobs({ put: async (_hash, bytes) => { await small.put(bytes) }, get: async (hash) => small.contents.get(hash), has: (hashes) => small.has(hashes) }, new FileBlobs(join(directory, 'blobs')))
  const warm = await WarmDirectory.open(join(directory, 'work'), blobs)
  const noise = randomBytes(2 ** 20)
  const paths = sizes(count, total).map((size, n) => {
    const folder = join(warm.root, `folder${n % 20}`)
    mkdirSync(folder, { recursive: true })
    const path = join(folder, `file${n}.bin`)
    const file = openSync(path, 'w')
    writeSync(file, `${n}\n`)
    for (let left = size; left > 0; left -= noise.length) writeSync(file, noise, 0, Math.min(left, noise.length))
    closeSync(file)
    return path
  })
  const first = await timed(() => warm.rescan())
  say(`first scan, everything stored: ${(first / 1000).toFixed(1)} s`)
  await sleep(3000)
  await warm.rescan()

  const unchanged: number[] = []
  const stats: number[] = []
  for (let round = 0; round < (quick ? 10 : 30); round++) {
    stats.push(await timed(() => { for (const folder of readdirSync(warm.root)) for (const name of readdirSync(join(warm.root, folder))) lstatSync(join(warm.root, folder, name)) }))
    unchanged.push(await timed(() => warm.rescan()))
  }
  // Ten files of the median size: what a step changes is source and results, not the data.
  const ordered = paths.toSorted((a, b) => lstatSync(a).size - lstatSync(b).size)
  const chosen = ordered.slice(count / 2, count / 2 + 10)
  const changed: number[] = []
  const floor: number[] = []
  mkdirSync(join(directory, 'floor'))
  for (let round = 0; round < (quick ? 3 : 8); round++) {
    for (const path of chosen) writeFileSync(path, Buffer.concat([randomBytes(16), readFileSync(path).subarray(16)]))
    changed.push(await timed(() => warm.rescan()))
    await sleep(2500)
    await warm.rescan()
    floor.push((stats[round] ?? 0) + await timed(() => {
      for (const [index, path] of chosen.entries()) {
        const bytes = readFileSync(path)
        createHash('sha256').update(bytes).digest()
        const file = openSync(join(directory, 'floor', `${round}-${index}`), 'w')
        writeSync(file, bytes)
        fsyncSync(file)
        closeSync(file)
      }
    }))
  }
  const sized = `${count.toLocaleString('en')} files, ${quick ? '32 MiB' : '1 GiB'}`
  const still = median(unchanged)
  const moved = median(changed)
  return [
    row(`snapshot of ${sized}, unchanged`, 'ms', still, { name: 'lstat of every file', value: median(stats) }, { text: '<= 5 ms', met: still <= 5 }),
    row(`snapshot of ${sized}, 10 files changed`, 'ms', moved, { name: 'lstat all; read, hash, write, fsync ten', value: median(floor) }, { text: '<= 15 ms', met: moved <= 15 }, { changed_bytes: chosen.reduce((sum, path) => sum + lstatSync(path).size, 0) }),
  ]
}
