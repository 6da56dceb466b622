import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { taskPrepare } from '../../src/cli/commands/task-prepare.ts'
import { checkTask } from '../../src/effects/checking/index.ts'
import { MachineRoom } from '../../src/effects/index.ts'
import { anyPython, ownTask } from './own-task.ts'
import type { OwnTask } from './own-task.ts'

/** An environment of one's own, for frameworks of gigabytes: nothing is installed where a person names one. */
let own: OwnTask
beforeEach(async () => {
  own = await ownTask()
  vi.stubEnv('KYMO_TASKS', own.root)
})
afterEach(() => {
  vi.unstubAllEnvs()
  own[Symbol.dispose]()
})

const needs = (packages: string): void => own.edit('task.yaml', (text) => text.replace(/^ {4}python: .*$/m, `    python: { requires: '>=3.9', dependencies: [${packages}] }`))
const installed = (): boolean => existsSync(join(own.cache, 'python'))

it('kymo task prepare --python takes it, and prepares the data with it', async () => {
  const { executable } = await anyPython()
  expect(await taskPrepare(own.name, { profile: 'small', python: executable, json: true })).toBe(0)
  expect(existsSync(join(own.cache, 'tasks', own.name, 'small'))).toBe(true)
  expect(installed()).toBe(false)
})

it('kymo task prepare --python refuses one that lacks something, and says how to put it there', async () => {
  const { executable } = await anyPython()
  needs("'no-such-package-of-ours'")
  await expect(taskPrepare(own.name, { profile: 'small', python: executable, json: true })).rejects.toThrow(/lacks no-such-package-of-ours.*-m pip install 'no-such-package-of-ours'/s)
  expect(installed()).toBe(false)
})

it('kymo task check --python installs nothing in its place', async () => {
  const { executable } = await anyPython()
  needs("'no-such-package-of-ours'")
  const room = new MachineRoom({ work: join(own.root, 'work'), python: executable })
  try {
    await expect(checkTask(await own.load(), { profile: 'small', room, runs: 1 })).rejects.toThrow(/lacks no-such-package-of-ours.*or leave --python out/s)
  } finally {
    room.close()
  }
  expect(installed()).toBe(false)
})
