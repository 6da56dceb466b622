import { randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { isGone, thisHolder } from '../../../journal/index.ts'

const holderSchema = z.object({ host: z.string(), boot_id: z.string(), pid: z.number(), started_ticks: z.number(), what: z.string() })

const AGAIN_MS = 100

/**
 * Does `work` while no other process of this machine does it for the same file; waits where one does (`onWait` is told once). A holder
 * that died is passed over.
 */
export async function withCacheLock<T>(file: string, work: () => Promise<T>, { onWait, signal }: { onWait?: (pid: number) => void; signal?: AbortSignal } = {}): Promise<T> {
  mkdirSync(dirname(file), { recursive: true })
  const token = randomUUID()
  let told = false
  for (;;) {
    const holder = take(file, token)
    if (holder === undefined) break
    if (!told) onWait?.(holder.pid)
    told = true
    await sleep(AGAIN_MS, undefined, { ...(signal === undefined ? {} : { signal }) })
  }
  try {
    return await work()
  } finally {
    if (read(file)?.what === token) rmSync(file, { force: true })
  }
}

type Holder = z.infer<typeof holderSchema>

const read = (file: string): Holder | undefined => {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}

/** Undefined when it is ours now, else who has it. A link appears whole or not at all, so no half-written lock is ever read. */
function take(file: string, token: string): Holder | undefined {
  const own = `${file}.${token}`
  writeFileSync(own, JSON.stringify(thisHolder(token)))
  try {
    try {
      linkSync(own, file)
      return undefined
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const holder = read(file) ?? { ...thisHolder(''), pid: 0 }
    if (isGone(holder)) putAside(file, `${file}.gone-${token}`, holder.what)
    return holder
  } finally {
    rmSync(own, { force: true })
  }
}

/** Of several that find a dead holder one moves its lock away. What it moved is looked at again: a living one may have come meanwhile. */
function putAside(file: string, aside: string, dead: string): void {
  try {
    renameSync(file, aside)
    if (read(aside)?.what !== dead) linkSync(aside, file)
  } catch { /* another was faster */ }
  rmSync(aside, { force: true })
}
