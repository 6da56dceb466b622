import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeSync, openSync, closeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatRunId } from '../../schemas/record.ts'
import type { AnyEvent } from '../../schemas/record.ts'
import { StoreClient } from '../../src/bus/index.ts'
import { KymoProcess, MACHINE, killProcess, mustSucceed, pause, processesWith, script } from './kymo-process.ts'
import { eventsOfRun, judge } from './recorded.ts'

const folder = mkdtempSync(join(tmpdir(), 'kymo-faults-'))
const kymo = (...args: string[]): KymoProcess => new KymoProcess(args, { KYMO_WORK: join(folder, 'work') })
const runIn = (store: string, name = 'with-model'): KymoProcess => kymo('run', 'arithmetic', '--agent', 'scripted', '--agent-config', `script=${script(name)}`, '--store', store, ...MACHINE, '--json', '--quiet')
const resumeIn = (store: string, run: string): KymoProcess => kymo('resume', run, '--store', store, ...MACHINE, '--json', '--quiet')
const runIdOf = (stdout: string): string => (JSON.parse(stdout) as { run_id: string }).run_id
let undisturbed: AnyEvent[] = []

/** A client of the store while `work` goes on; ends the store's service afterwards. */
async function withStore<T>(store: string, work: (client: StoreClient) => Promise<T>): Promise<T> {
  const client = await StoreClient.connect({ directory: store, what: 'test' })
  try {
    return await work(client)
  } finally {
    await client.down({}).catch(() => undefined)
    await client.close()
  }
}

/** Resolves once the only run of a store has come to this record. */
async function untilSeq(client: StoreClient, seq: number): Promise<string> {
  for (;;) {
    const row = (await client.list({})).runs[0]
    if (row !== undefined && row.head_seq >= seq) return formatRunId(Uint8Array.from(row.run_id))
    await pause(5)
  }
}

beforeAll(async () => {
  const store = join(folder, 'quiet')
  const stdout = mustSucceed(await runIn(store).exited)
  undisturbed = await withStore(store, (client) => eventsOfRun(client, runIdOf(stdout)))
})
afterAll(async () => {
  await pause(300)
  for (const pid of processesWith(folder)) await killProcess(pid)
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

test('five runs share a store: the first, which started its service, is killed, the others do not notice, and it is resumed', { timeout: 90_000 }, async () => {
  const store = join(folder, 'five')
  const first = runIn(store)
  await first.says(/./, 20_000).catch(() => undefined)
  await withStore(store, async (client) => {
    const killed = await untilSeq(client, 5)
    const others = [1, 2, 3, 4].map(() => runIn(store))
    await first.kill()
    const exits = await Promise.all(others.map((one) => one.exited))
    exits.forEach(mustSucceed)
    mustSucceed(await resumeIn(store, killed).exited)
    for (const run of [killed, ...exits.map(({ stdout }) => runIdOf(stdout))]) expect((await judge(client, run, undisturbed)).problems).toEqual([])
    expect(exits.map(({ stderr }) => stderr).join('')).not.toMatch(/had ended/)
  })
})

test('nats-server is killed in the middle of a run, with its files wiped, and the run goes on by itself', { timeout: 90_000 }, async () => {
  const store = join(folder, 'nats')
  const began = runIn(store)
  await began.says(/./, 20_000).catch(() => undefined)
  await withStore(store, async (client) => {
    for (const seq of [20, 40, 70]) {
      await untilSeq(client, seq)
      const pid = Number(readFileSync(join(store, 'nats.pid'), 'utf8'))
      rmSync(join(store, 'nats.conf'), { force: true })
      rmSync(join(store, 'nats.pid'), { force: true })
      await killProcess(pid)
      while (Number(tryRead(join(store, 'nats.pid'))) === 0) await pause(20)
    }
    const at = performance.now()
    const exit = await began.exited
    mustSucceed(exit)
    const { problems, attempts } = await judge(client, runIdOf(exit.stdout), undisturbed)
    expect(problems).toEqual([])
    console.log(`nats-server killed and wiped three times: finished ${(performance.now() - at).toFixed(0)} ms after the last, ${attempts.lost} attempts lost`)
  })
})

const tryRead = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Mounts a small file system for as long as `work` takes; says why not, where that is not allowed. */
async function onSmallDisk(work: (mount: string) => Promise<void>): Promise<string | undefined> {
  const mount = mkdtempSync(join(folder, 'disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', mount], { stdio: 'pipe' })
  } catch (error) {
    return `a small file system cannot be mounted here (only root may): ${error instanceof Error ? error.message : ''}`
  }
  try {
    await work(mount)
  } finally {
    for (const pid of processesWith(mount)) await killProcess(pid)
    execFileSync('umount', ['-l', mount])
  }
  return undefined
}

const notices = (text: string): string => text.split('\n').filter((line) => line.startsWith('note')).join(' | ')

test('a full disk makes a run wait, with a message, and it goes on when there is room again', { timeout: 90_000 }, async (context) => {
  const skipped = await onSmallDisk(async (mount) => {
    const store = join(mount, 'store')
    const run = runIn(store)
    await run.says(/./, 20_000).catch(() => undefined)
    await withStore(store, async (client) => {
      const id = await untilSeq(client, 30)
      fill(join(mount, 'ballast'))
      await run.says(/space|cannot write/)
      const head = (await client.list({})).runs[0]?.head_seq ?? 0
      await pause(1500)
      expect(run.running).toBe(true)
      expect((await client.list({})).runs[0]?.head_seq).toBe(head)
      rmSync(join(mount, 'ballast'))
      const exit = await run.exited
      mustSucceed(exit)
      const { problems } = await judge(client, id, undisturbed)
      expect(problems).toEqual([])
      console.log(`disk full at seq ${head}: ${notices(exit.stderr)}`)
    })
  })
  if (skipped !== undefined) {
    console.log(`skipped: ${skipped}`)
    context.skip(skipped)
  }
})

test('large files that a script left wait for room on the disk instead of failing it', { timeout: 90_000 }, async (context) => {
  const skipped = await onSmallDisk(async (mount) => {
    const store = join(mount, 'store')
    const run = runIn(store, 'large')
    await run.says(/./, 20_000).catch(() => undefined)
    await withStore(store, async (client) => {
      const id = await untilSeq(client, 10)
      while (!(await eventsOfRun(client, id)).some((event) => event.type === 'effect.started' && event.payload.kind === 'execution')) await pause(10)
      fill(join(mount, 'ballast'))
      await run.says(/space|cannot write/)
      await pause(1500)
      expect(run.running).toBe(true)
      rmSync(join(mount, 'ballast'))
      const exit = await run.exited
      mustSucceed(exit)
      const { problems, events, attempts } = await judge(client, id)
      expect(problems).toEqual([])
      expect(attempts.lost).toBe(0)
      expect(events.flatMap((event) => (event.type === 'execution.finished' ? [event.payload.reason] : []))).toEqual(['exited'])
      console.log(`disk full while files were kept: ${notices(exit.stderr)}`)
    })
  })
  if (skipped !== undefined) {
    console.log(`skipped: ${skipped}`)
    context.skip(skipped)
  }
})

/** Fills a file system to its last byte. */
function fill(path: string): void {
  const file = openSync(path, 'w')
  for (const size of [1 << 20, 1 << 12, 1]) {
    const bytes = Buffer.alloc(size, 1)
    try {
      for (;;) writeSync(file, bytes)
    } catch {
      // no room for a piece of this size
    }
  }
  closeSync(file)
}
