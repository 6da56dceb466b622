import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'

const KEEPER = fileURLToPath(new URL('../../deploy/compiled-code.cjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kymo-compiled-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A program of two files in a folder of its own, as the build makes them. */
function program(name: string): { start: (command?: string) => string; kept: (command?: string) => string; folder: string } {
  const own = join(folder, name)
  mkdirSync(own)
  writeFileSync(join(own, 'main-1.cjs'), 'const { sum } = require(\'./part-1.cjs\'); const words = [1, 2].map((n) => sum(n, 1)); require(\'./import-module-1.cjs\')(\'node:os\').then(({ EOL }) => console.log(words.join(), EOL.length))\n')
  writeFileSync(join(own, 'part-1.cjs'), 'exports.sum = (a, b) => a + b\n')
  writeFileSync(join(own, 'import-module-1.cjs'), 'module.exports = (name) => import(name)\n')
  const kept = (command = 'run'): string => join(own, 'compiled', `${command}-${process.version}-${process.arch}`)
  const start = (command = 'run'): string => execFileSync(process.execPath, ['-e', `require(${JSON.stringify(KEEPER)}).requireCompiled(${JSON.stringify(own)}, './main-1.cjs', ${JSON.stringify(command)})`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  return { start, kept, folder: own }
}

it('what a command compiled is kept for its next start, which writes nothing again', () => {
  const { start, kept } = program('twice')
  expect(start()).toBe('2,3 1\n')
  const first = statSync(kept())
  expect(first.size).toBeGreaterThan(500)
  expect(start()).toBe('2,3 1\n')
  expect(statSync(kept())).toMatchObject({ ino: first.ino, mtimeMs: first.mtimeMs })
})

it('each command keeps its own, whatever was typed', () => {
  const { start, kept, folder: own } = program('commands')
  start('list')
  start('../../outside')
  expect(readdirSync(join(own, 'compiled')).sort()).toEqual([kept('list'), kept('other')].map((path) => path.slice(join(own, 'compiled').length + 1)))
})

it('damaged code is not run: it is compiled afresh and written again', () => {
  const { start, kept } = program('damage')
  start()
  const bytes = readFileSync(kept())
  for (const at of [3, 40, Math.floor(bytes.length / 2), bytes.length - 3]) {
    const damaged = Buffer.from(bytes)
    damaged[at] = (damaged[at] ?? 0) ^ 0xff
    writeFileSync(kept(), damaged)
    expect(start()).toBe('2,3 1\n')
    expect(readFileSync(kept()).equals(damaged)).toBe(false)
  }
  writeFileSync(kept(), bytes.subarray(0, 20))
  expect(start()).toBe('2,3 1\n')
})

it('a program starts where nothing can be written', () => {
  const { start, folder: own } = program('read-only')
  writeFileSync(join(own, 'compiled'), 'a file where the folder would be')
  expect(start()).toBe('2,3 1\n')
})
