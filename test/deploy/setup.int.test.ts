import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kymo-setup-'))
  // The tools that setup.sh itself needs, and nothing else of this machine.
  for (const tool of ['sh', 'dirname', 'mktemp', 'rm', 'tail', 'cat', 'uname', 'id', 'env']) link(tool)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const link = (tool: string): void => symlinkSync(['/usr/bin', '/bin'].map((home) => join(home, tool)).find((path) => readable(path)) ?? `/bin/${tool}`, join(folder, tool))
const readable = (path: string): boolean => { try { readFileSync(path); return true } catch { return false } }

const program = (name: string, script: string): void => {
  // Never through a link: it would overwrite this machine's own tool.
  rmSync(join(folder, name), { force: true })
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, name), 0o755)
}

/** Its --version is new enough; all else succeeds in silence. */
const NEW_NODE = '[ "$1" != --version ] || echo v22.1.0'

const setup = (env: Record<string, string> = {}, ...purpose: string[]) => execa('/bin/sh', [join(root, 'deploy/setup.sh'), ...purpose], { extendEnv: false, env: { PATH: folder, TMPDIR: folder, ...env }, reject: false })

it('says in one sentence that Node is missing or too old', async () => {
  expect(await setup()).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^Node\.js is missing: install version 20\.19.*$/) as string })
  program('node', 'echo v20.9.1')
  expect(await setup()).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^Node\.js v20\.9\.1 is too old: install version 20\.19.*$/) as string })
})

it('says in one sentence that npm is missing', async () => {
  program('node', '[ "$1" = --version ] && echo v22.1.0 || exit 1')
  expect(await setup()).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^npm is missing: .*$/) as string })
})

it('without apt says for each missing thing what to install, and stops', async () => {
  program('node', NEW_NODE)
  const { exitCode, stderr } = await setup({ NATS_SERVER: '/bin/sh' })
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/^bubblewrap is missing; Kymo needs it: keeps the scripts.*Install it .*, then run this again\.$/m)
  expect(stderr).not.toContain('nats-server is missing')
})

it('installs with apt what is missing, a line each, and fetches the lists once only if it must', async () => {
  program('node', NEW_NODE)
  program('id', 'echo 0')
  // The first install fails as it does on a machine without package lists.
  program('apt-get', `echo "$*" >>'${folder}/apt.log'; for word; do case "$word" in update) >'${folder}/updated';; esac; done; [ -e '${folder}/updated' ]`)
  const { exitCode, stdout, stderr } = await setup({ NATS_SERVER: '/bin/sh' })
  expect(stdout.split('\n').slice(0, 2)).toEqual([
    '  bubblewrap: keeps the scripts that agents write away from your files and network (apt-get)',
    '  util-linux: sets the limits of a script (apt-get)',
  ])
  expect(stderr).toBe('')
  expect(exitCode).toBe(0)
  const calls = readFileSync(join(folder, 'apt.log'), 'utf8').trim().split('\n').map((line) => line.replace('-q -y ', ''))
  expect(calls.slice(0, 4)).toEqual(['install --no-install-recommends bubblewrap', 'update', 'install --no-install-recommends bubblewrap', 'install --no-install-recommends util-linux'])
})

describe('What tasks import', () => {
  /** Node as set-up meets it: the lists say that something is missing, and pip cannot bring it. Writes down in which order it was asked. */
  const lacking = (): void => {
    for (const tool of ['bwrap', 'prlimit', 'python3']) program(tool, 'exit 0')
    program('id', 'echo 0')
    program('node', `case "$*" in --version) echo v22.1.0;; *--lacking*) echo python3 python3-torch;; *python.mjs*) echo "pip $*" >>'${folder}/order'; echo 'PyPI cannot be reached.' >&2; exit 1;; esac`)
    program('apt-get', `echo "apt $*" >>'${folder}/order'; exit \${APT:-0}`)
  }
  const order = (): string[] => readFileSync(join(folder, 'order'), 'utf8').trim().split('\n')

  it('comes for tests from Debian, then from pip, and tests that wait for it are skipped where neither can', async () => {
    lacking()
    const { exitCode, stdout, stderr } = await setup({ NATS_SERVER: '/bin/sh', APT: '1' }, 'test')
    expect(order()).toEqual(['apt -q -y install --no-install-recommends python3 python3-torch', 'apt -q -y update', 'apt -q -y install --no-install-recommends python3 python3-torch', 'pip deploy/python.mjs --all'])
    expect(stdout).toBe("  python3 python3-torch: what the tasks' scripts import (apt-get)")
    expect(stderr).toMatch(/PyPI cannot be reached\.\n {2}without these the tests of some tasks are skipped$/)
    expect(exitCode).toBe(0)
  })

  it('comes for the quickstart from pip, then from Debian, and set-up fails where neither can', async () => {
    lacking()
    const { exitCode, stdout, stderr } = await setup({ NATS_SERVER: '/bin/sh' })
    expect(order()).toEqual(['pip deploy/python.mjs vectorization', 'apt -q -y install --no-install-recommends python3 python3-torch', 'pip deploy/python.mjs vectorization'])
    expect(stdout).toContain('(apt-get, because pip could not)')
    expect([exitCode, stderr]).toEqual([1, 'PyPI cannot be reached.\nPyPI cannot be reached.'])
  })
})

it('refuses an unknown purpose', async () => {
  const { exitCode, stderr } = await execa('/bin/sh', [join(root, 'deploy/setup.sh'), 'lunch'], { reject: false })
  expect([exitCode, stderr]).toEqual([1, 'setup.sh: there is no purpose "lunch"; use quickstart, test or ci.'])
})

it('recognises whether node_modules is what the lockfile says', async () => {
  mkdirSync(join(folder, 'deploy'))
  mkdirSync(join(folder, 'node_modules'))
  writeFileSync(join(folder, 'deploy', 'installed.mjs'), readFileSync(join(root, 'deploy/installed.mjs')))
  const packages = { 'node_modules/a': { version: '1.0.0', integrity: 'x' }, 'node_modules/b': { version: '2.0.0', optional: true } }
  const check = async (): Promise<number | undefined> => (await execa(process.execPath, [join(folder, 'deploy/installed.mjs')], { reject: false })).exitCode
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...packages } }))
  expect(await check()).toBe(1)
  writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: { 'node_modules/a': packages['node_modules/a'] } }))
  expect(await check()).toBe(0)
  writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: { 'node_modules/a': { version: '1.0.1', integrity: 'x' } } }))
  expect(await check()).toBe(1)
})

it('the launcher says what to type while nothing is built', async () => {
  mkdirSync(join(folder, 'deploy'))
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
  writeFileSync(join(folder, 'deploy', 'kymo'), readFileSync(join(root, 'deploy/kymo')))
  expect(await execa(process.execPath, [join(folder, 'deploy/kymo'), '--help'], { reject: false })).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/not built yet\. Type: npm run quickstart/) as string })
})
