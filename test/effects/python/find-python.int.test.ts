import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { dependencyKey, findPython, preparePython, probeEarly, probePython } from '../../../src/effects/python/index.ts'
import { DEFAULT_SCRIPT_LIMITS, chooseSandbox, runScript } from '../../../src/effects/sandbox/index.ts'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'kymo-python-')) })
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const nothing = { pip: [], debian: [], requires: '>=3.9' }

/** A Python that answers as an old one would. */
const fakePython = (version: string): string => {
  const path = join(folder, `python-${version}`)
  writeFileSync(path, `#!/bin/sh\necho '{"executable": "${path}", "prefixes": [], "links": [], "real": "${path}", "home": [], "version": "${version}", "packages": {}}'\n`)
  chmodSync(path, 0o755)
  return path
}

it('finds a Python and the folders that a sandbox must show', async () => {
  const python = await findPython({ dependencies: nothing, cacheDir: folder })
  expect(python.source).toBe('system')
  expect(python.version).toMatch(/^3\.\d+\.\d+$/)
  expect(python.prefixes).not.toContain('/')
})

it('takes --python or refuses it, and says what it lacks', async () => {
  await expect(findPython({ explicit: join(folder, 'none'), dependencies: nothing })).rejects.toThrow(/does not exist/)
  const old = fakePython('3.8.2')
  await expect(findPython({ explicit: old, dependencies: nothing })).rejects.toMatchObject({ code: 'KYMO_NO_PYTHON', message: expect.stringMatching(/lacks Python >=3\.9 \(it is 3\.8\.2\)\. Install Python >=3\.9 .*--python PATH/) as string })
})

it('says for a missing package what to type, for pip and for Debian', async () => {
  await expect(findPython({ dependencies: { pip: ['no-such-package-of-ours>=1'], debian: ['python3-nosuch'], requires: '>=3.9' }, cacheDir: folder }))
    .rejects.toThrow(/lacks no-such-package-of-ours>=1.*kymo task prepare TASK.*pip install 'no-such-package-of-ours>=1'.*apt-get install --no-install-recommends python3-nosuch/)
})

it('builds a managed environment only from a Python that is new enough', async () => {
  await expect(preparePython({ dependencies: { ...nothing, pip: ['no-such-package-of-ours'] }, base: fakePython('3.7.0'), cacheDir: folder })).rejects.toThrow(/There is no Python >=3\.9 here/)
})

it('prefers the managed environment of this very dependency list, and forgets one that is gone', async () => {
  const system = await findPython({ dependencies: nothing, cacheDir: folder })
  mkdirSync(join(folder, 'python'))
  const note = join(folder, 'python', `${dependencyKey(nothing)}.json`)
  writeFileSync(note, JSON.stringify({ executable: system.executable }))
  expect((await findPython({ dependencies: nothing, cacheDir: folder })).source).toBe('managed venv')
  writeFileSync(note, JSON.stringify({ executable: '/nowhere/python' }))
  expect((await findPython({ dependencies: nothing, cacheDir: folder })).source).toBe('system')
  writeFileSync(note, 'half a no')
  expect((await findPython({ dependencies: nothing, cacheDir: folder })).source).toBe('system')
})

it('resolves links to the interpreter, so that one under /tmp starts in the sandbox', async () => {
  const system = await findPython({ dependencies: nothing, cacheDir: folder })
  mkdirSync(join(folder, 'venv', 'bin'), { recursive: true })
  writeFileSync(join(folder, 'venv', 'pyvenv.cfg'), `home = ${join(system.executable, '..')}\ninclude-system-site-packages = false\n`)
  symlinkSync(system.executable, join(folder, 'venv', 'bin', 'python'))
  const probe = await probePython(join(folder, 'venv', 'bin', 'python'))
  expect(probe.ok && probe.facts.prefixes).toContain(join(folder, 'venv'))
  if (!probe.ok) return
  const workspace = join(folder, 'workspace')
  mkdirSync(workspace)
  writeFileSync(join(workspace, 'a.py'), 'import sys, json; print(sys.prefix)')
  const ran = await runScript({ sandbox: await chooseSandbox(), interpreter: probe.facts, script: 'a.py', directory: workspace, limits: DEFAULT_SCRIPT_LIMITS, spool: join(folder, 'spool') })
  expect(Buffer.from(ran.stdout.bytes).toString() + Buffer.from(ran.stderr.bytes).toString()).toBe(`${join(folder, 'venv')}\n`)
})

it('takes the answer that was asked for early once, and asks the interpreter behind a shim about packages', async () => {
  const calls = join(folder, 'calls')
  const real = fakePython('3.12.1')
  const shim = join(folder, 'shim')
  const program = (path: string, body: string): void => {
    writeFileSync(path, `#!/bin/sh\necho ${path === shim ? 'shim' : 'real'} >>${calls}\n${body}\n`)
    chmodSync(path, 0o755)
  }
  program(real, readFileSync(real, 'utf8').split('\n')[1] ?? '')
  program(shim, `exec ${real} "$@"`)
  const asked = (): string[] => readFileSync(calls, 'utf8').trim().split('\n')
  probeEarly(shim)
  expect(await probePython(shim)).toMatchObject({ ok: true, facts: { version: '3.12.1', executable: real } })
  expect(asked()).toEqual(['shim', 'real'])
  probeEarly(shim)
  expect(await probePython(shim, ['numpy'])).toMatchObject({ ok: true })
  expect(asked()).toEqual(['shim', 'real', 'shim', 'real', 'real'])
  expect(await probePython(shim)).toMatchObject({ ok: true })
  expect(asked().slice(5)).toEqual(['shim', 'real'])
})
