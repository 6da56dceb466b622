import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach } from 'vitest'
import { StoreClient, readEndpoint } from '../../src/bus/index.ts'
import type { ConnectOptions } from '../../src/bus/index.ts'
import { newFolder } from '../conformance/level-disk.ts'
import { until } from '../conformance/world.ts'

const clients: StoreClient[] = []
const folders: string[] = []

/** A store's folder whose service, if one was started, is ended after the tests of the file. */
export const newStore = (): string => {
  const folder = newFolder()
  folders.push(folder)
  return folder
}

/** A client that is closed after its test. */
export async function connect(folder: string, options: Partial<ConnectOptions> = {}): Promise<StoreClient> {
  const client = await StoreClient.connect({ directory: folder, what: 'a test', ...options })
  clients.push(client)
  return client
}

afterEach(async () => { for (const client of clients.splice(0)) await client.close() })
afterAll(async () => {
  for (const folder of folders) {
    const pid = servicePid(folder)
    if (pid !== undefined && isService(pid)) await end(pid)
    const nats = natsPid(folder)
    if (nats !== undefined && commandLine(nats).includes(join(folder, 'nats.conf'))) await end(nats)
  }
})

export const servicePid = (folder: string): number | undefined => readEndpoint(folder)?.pid
export const natsPid = (folder: string): number | undefined => {
  try {
    return Number(readFileSync(join(folder, 'nats.pid'), 'utf8'))
  } catch {
    return undefined
  }
}

export const isThere = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
const commandLine = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
const isService = (pid: number): boolean => pid !== process.pid && commandLine(pid).split('\0').includes('serve')

/** kill -9, and waits until it is gone. */
export async function end(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL')
  await until(() => !isThere(pid), `process ${pid} to be gone`)
}
