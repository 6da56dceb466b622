import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { packageRoot } from '../../src/effects/tasks/index.ts'

const tasks = join(packageRoot(), 'tasks')

/** A starter is a whole workspace that can be run as it lies there, so what several need is in each of them. */
it('the clients and encoders that several starters hold are the same in all of them', () => {
  const copies = new Map<string, string[]>()
  for (const task of readdirSync(tasks)) {
    for (const starter of ['starter', 'starter-full']) {
      const folder = join(tasks, task, starter)
      for (const file of existsSync(folder) ? readdirSync(folder) : []) {
        // Of the same name and not the task's own work: kymo_services.py everywhere, encode.py within one task.
        const name = file.startsWith('kymo_') ? file : file === 'encode.py' ? `${task}/${file}` : undefined
        if (name !== undefined) copies.set(name, [...(copies.get(name) ?? []), join(folder, file)])
      }
    }
  }
  expect([...copies].map(([name, paths]) => [name, paths.length])).toEqual(expect.arrayContaining([['kymo_services.py', 2], ['identify-contrails/encode.py', 2]]))
  for (const [name, paths] of copies) expect(new Set(paths.map((path) => readFileSync(path, 'utf8'))).size, `${name}: ${paths.join(', ')}`).toBe(1)
})
