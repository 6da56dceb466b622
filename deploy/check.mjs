// `npm run check`: all that is checked without running the program. One line per check; every check runs, whatever the others say.
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findBreaches } from './layers.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** Output of a failed command, or undefined if it went well. */
function problem(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 })
  return status === 0 ? undefined : [stdout, stderr, error?.message].filter(Boolean).join('').trim() || `exit code ${status}`
}

const local = (name) => join(root, 'node_modules/.bin', name)

const CHECKS = [
  ['protos compile', () => {
    // Afresh, so that a stamp cannot hide a proto that does not compile.
    rmSync(join(root, 'schemas/generated/stamp'), { force: true })
    return problem(process.execPath, ['deploy/build.mjs', '--sources'])
  }],
  ['types', () => problem(process.execPath, ['deploy/build.mjs'])],
  ['lint', () => problem(local('oxlint'), ['--deny-warnings'])],
  ['layers', () => findBreaches(root).join('\n') || undefined],
  ['scripts', () => ['deploy/setup.sh', 'deploy/quickstart.sh'].map((script) => problem('sh', ['-n', script])).find((text) => text !== undefined) ?? (existsSync(join(root, '.ci/run')) ? problem('bash', ['-n', '.ci/run']) : undefined)],
]

if (!existsSync(local('tsc'))) {
  console.log('FAILED The npm packages are not installed. Type: sh deploy/setup.sh')
  process.exit(1)
}

let failed = 0
for (const [name, check] of CHECKS) {
  const began = performance.now()
  const text = check()
  if (text !== undefined) {
    failed++
    console.log(text)
  }
  console.log(`${text === undefined ? 'ok    ' : 'FAILED'} ${name.padEnd(15)} ${((performance.now() - began) / 1000).toFixed(1)} s`)
}
process.exitCode = failed === 0 ? 0 : 1
