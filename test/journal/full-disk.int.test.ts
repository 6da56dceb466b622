import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hex, sha256 } from '../../schemas/hash.ts'
import { Decision } from '../../src/journal/index.ts'
import { diskIn, newFolder } from '../conformance/level-disk.ts'
import { cancelRequest, create, newRun, openJournal, openWorld, sound } from '../conformance/world.ts'

/** A file system of 8 MiB, or undefined where one cannot be mounted. */
function smallDisk(): { folder: string; end: () => void } | undefined {
  const folder = newFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder], { stdio: 'pipe' })
    return { folder, end: () => { execFileSync('umount', ['-l', folder]) } }
  } catch (error) {
    console.log(`skipped: a small tmpfs cannot be mounted here (${error instanceof Error ? error.message.split('\n')[0] : 'no reason'}); root may`)
    return undefined
  }
}

const disk = smallDisk()
disk?.end()

test.skipIf(disk === undefined)('a full disk: nothing is half recorded, reading goes on, appends go on by themselves when there is room, and nothing acknowledged is lost', async () => {
  const small = smallDisk()
  if (small === undefined) throw new Error('mounted a moment ago')
  const filler = join(small.folder, 'filler')
  const folder = join(small.folder, 'store')
  mkdirSync(folder)
  writeFileSync(filler, Buffer.alloc(5 * 2 ** 20))
  const world = await openWorld(diskIn(folder))
  try {
    const { journal } = world
    const runs = [newRun(), newRun()]
    for (const run of runs) await create(journal, run)
    const told = new Map<string, number>(runs.map((run) => [hex(run), 1]))
    const send = async (run: Uint8Array, request: Parameters<typeof journal.append>[0]): Promise<number> => {
      const { decision } = await journal.append(request)
      if (decision === Decision.OK || decision === Decision.IDEMPOTENT) told.set(hex(run), (told.get(hex(run)) ?? 0) + 1)
      return decision
    }
    /** An event with a blob of 32 KiB: fills the disk in a moment. */
    const large = (run: Uint8Array): Parameters<typeof journal.append>[0] => {
      const data = randomBytes(32 * 1024)
      const request = cancelRequest(run)
      const [event] = request.events ?? []
      if (event !== undefined) event.blobs = [{ hash: sha256(data), kind: 1, bytes: data.length }]
      return { ...request, blobs: [{ hash: sha256(data), data }] }
    }
    let refused: Array<[Uint8Array, Parameters<typeof journal.append>[0]]> = []
    for (let n = 0; refused.length < 6 && n < 300; n++) {
      const run = runs[n % 2] ?? newRun()
      const request = large(run)
      if ((await send(run, request)) === Decision.UNAVAILABLE) refused.push([run, request])
    }
    expect(refused.length).toBe(6)
    expect((await journal.append(cancelRequest(runs[0] ?? newRun()))).reason).toMatch(/cannot write.*Free some disk space/s)
    for (const run of runs) expect((await sound(journal, run)).length).toBe(told.get(hex(run)))

    rmSync(filler)
    for (let tries = 0; refused.length > 0 && tries < 200; tries++) {
      const again: typeof refused = []
      for (const [run, request] of refused) if ((await send(run, request)) === Decision.UNAVAILABLE) again.push([run, request])
      refused = again
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(refused.length).toBe(0)
    for (const run of runs) expect((await sound(journal, run)).length).toBe(told.get(hex(run)))
    expect(world.problems.some((text) => text.includes('can be written again'))).toBe(true)

    await journal.close()
    world.journal = await openJournal(world)
    for (const run of runs) {
      expect((await world.journal.check({ run_id: run })).ok).toBe(true)
      expect((await sound(world.journal, run)).length).toBe(told.get(hex(run)))
    }
  } finally {
    await world.journal.close()
    small.end()
  }
})

test.skipIf(disk === undefined)('a store on a disk that is full from the start is refused with a sentence', async () => {
  const small = smallDisk()
  if (small === undefined) throw new Error('mounted a moment ago')
  try {
    const folder = join(small.folder, 'store')
    mkdirSync(folder)
    try { writeFileSync(join(small.folder, 'filler'), Buffer.alloc(9 * 2 ** 20)) } catch { /* full, as wanted */ }
    const error: unknown = await openWorld(diskIn(folder)).catch((thrown: unknown) => thrown)
    expect(String(error)).toMatch(/cannot be (written|opened)|no space/i)
  } finally {
    small.end()
  }
})
