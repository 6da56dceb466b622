import { readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/effects/tasks/index.ts'
import { checkMiniature, missingFor } from './full-data-check.ts'
import { MINIATURES } from './full-data-miniatures.ts'

/**
 * The full profiles' starters and references, run in the sandbox on miniatures of their data and graded. What needs frameworks of gigabytes
 * is skipped unless KYMO_TEST_FULL_PYTHONS names interpreters that have them, separated as in PATH; tasks/README.md says how to make them.
 */
const pythons = (process.env['KYMO_TEST_FULL_PYTHONS'] ?? '').split(delimiter).filter((path) => path !== '')
// What is quick on Debian's packages is run always.
const ALWAYS = ['house-price', 'identify-contrails', 'parkinsons-disease', 'spaceship-titanic']
const chosen = await Promise.all(Object.keys(MINIATURES).map(async (name) => ({ name, run: (pythons.length > 0 || ALWAYS.includes(name)) && (await missingFor(name, pythons)) === undefined })))

describe('The full profile, in miniature, through sandbox and grader:', () => {
  for (const { name, run } of chosen) {
    const waitsFor = ALWAYS.includes(name) ? 'the packages of its profile' : 'KYMO_TEST_FULL_PYTHONS to name a Python with its packages'
    it.skipIf(!run)(`${name}'s starter is graded, and its reference is better${run ? '' : ` (waits for ${waitsFor})`}`, async () => {
      const { row } = await checkMiniature(name, { pythons })
      expect(row.problems).toEqual([])
      expect(row.starter).toHaveLength(1)
      expect(row.reference?.improvement).toBeGreaterThan(0.1)
    }, 1_800_000)
  }

  it('every task but vectorization has one, whose full profile is the small one', () => {
    const tasks = readdirSync(join(packageRoot(), 'tasks'), { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== 'lib').map(({ name }) => name)
    expect(Object.keys(MINIATURES).sort()).toEqual(tasks.filter((name) => name !== 'vectorization').sort())
  })
})
