import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { canRun, doctor } from '../../../src/cli/doctor/index.ts'
import { gpuRow, memoryRow } from '../../../src/cli/doctor/machine.ts'
import { natsRow, nodeRow } from '../../../src/cli/doctor/programs.ts'
import { atLeast } from '../../../src/cli/doctor/row.ts'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'kymo-doctor-')) })
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const program = (name: string, script: string): string => {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, name), 0o755)
  return join(folder, name)
}

it('compares versions part by part', () => {
  expect([atLeast('v20.19.0', '20.19'), atLeast('20.9.0', '20.19'), atLeast('v22.1', '20.19'), atLeast('2.10.3', '2.9')]).toEqual([true, false, true, true])
})

it('has a row for everything, and can run here', async () => {
  const rows = await doctor({ store: join(folder, 'not', 'yet') })
  expect(rows.map((row) => row.what)).toEqual(['node', 'npm', 'nats-server', 'sandbox', 'python', 'disk', 'memory', 'gpu'])
  expect(rows.filter((row) => row.state === 'missing')).toEqual([])
  expect(canRun(rows)).toBe(true)
})

it('says for a task whose packages are missing what to type', async () => {
  const rows = await doctor({ cacheDir: folder, tasks: [{ name: 'dream', profile: 'small', dependencies: { pip: ['no-such-package-of-ours'], debian: ['python3-nosuch'], requires: '>=3.9' } }] })
  expect(rows.find((row) => row.what === 'task dream (small)')).toMatchObject({ state: 'missing', detail: expect.stringContaining('lacks no-such-package-of-ours') as string, fix: expect.stringMatching(/^Install it with `kymo task prepare dream --profile small`.*python3-nosuch/) as string })
  expect(canRun(rows)).toBe(false)
})

it('tells a missing, an old and a broken nats-server apart', async () => {
  expect(await natsRow({ PATH: folder }, [])).toMatchObject({ state: 'missing', fix: expect.stringContaining('apt-get install nats-server') as string })
  expect(await natsRow({ NATS_SERVER: join(folder, 'gone') })).toMatchObject({ state: 'missing', fix: 'correct NATS_SERVER or unset it' })
  program('nats-server', 'echo "nats-server: v2.2.0"')
  expect(await natsRow({ PATH: folder }, [])).toMatchObject({ state: 'too old' })
  program('nats-server', 'exit 1')
  expect(await natsRow({ PATH: folder }, [])).toMatchObject({ state: 'missing', detail: expect.stringContaining('does not run') as string })
  expect(await natsRow({ NATS_SERVER: program('mine', 'echo "nats-server: v2.10.1"') })).toMatchObject({ state: 'ok' })
})

it('tells an old Node, little memory and a broken GPU driver', async () => {
  expect(nodeRow('v18.20.0')).toMatchObject({ state: 'too old' })
  expect(memoryRow(2 ** 30)).toMatchObject({ state: 'warning' })
  expect(await gpuRow({ PATH: folder })).toMatchObject({ state: 'ok', detail: expect.stringContaining('none found') as string })
  program('nvidia-smi', 'echo "NVIDIA-SMI has failed"; exit 9')
  expect(await gpuRow({ PATH: folder })).toMatchObject({ state: 'warning', detail: expect.stringContaining('NVIDIA-SMI has failed') as string })
})
