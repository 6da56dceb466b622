import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { chooseSandbox } from '../../../src/effects/sandbox/index.ts'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'kymo-bwrap-')) })
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A bubblewrap that says what a forbidden one says. */
const brokenBwrap = (stderr: string): void => {
  writeFileSync(join(folder, 'bwrap'), `#!/bin/sh\ncase "$1" in --version) echo "bubblewrap 0.9.0";; --help) echo "--size";; *) echo "${stderr}" >&2; exit 1;; esac\n`)
  chmodSync(join(folder, 'bwrap'), 0o755)
}

it('chooses bubblewrap where it really runs', async () => {
  const sandbox = await chooseSandbox()
  expect(sandbox.name).toBe('bwrap')
  expect(JSON.parse(sandbox.facts())).toMatchObject({ sandbox: 'bwrap', version: sandbox.version })
})

it('never falls back to none: it gives the probe\'s own words and what to type', async () => {
  brokenBwrap('bwrap: setting up uid map: Permission denied')
  await expect(chooseSandbox({ path: folder })).rejects.toMatchObject({ code: 'KYMO_NO_SANDBOX', message: expect.stringMatching(/setting up uid map: Permission denied.*apparmor.*--sandbox none/s) as string })
  brokenBwrap('bwrap: something new')
  await expect(chooseSandbox({ path: folder })).rejects.toThrow(/something new.*apt-get install bubblewrap.*--sandbox none/s)
})

it('runs without a sandbox only when asked by name, and says what that does not hold', async () => {
  const sandbox = await chooseSandbox({ requested: 'none', path: '/nowhere' })
  expect(sandbox.name).toBe('none')
  expect((JSON.parse(sandbox.facts()) as { not_held: string[] }).not_held).toEqual(expect.arrayContaining(['files', 'network', 'answers']))
  await expect(chooseSandbox({ requested: 'docker' as 'none' })).rejects.toThrow('choose auto, bwrap or none')
})
