import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { KymoError, isKymoError } from '../../schemas/errors.ts'
import { parseTaskManifest } from '../../schemas/task.ts'

const source = readFileSync(join(import.meta.dirname, '../fixtures/tasks/arithmetic/task.yaml'), 'utf8')

function problems(text: string): string {
  try {
    parseTaskManifest(text, 'task.yaml')
  } catch (error) {
    if (isKymoError(error, 'KYMO_TASK_MANIFEST')) return error.message
    throw error
  }
  throw new KymoError('KYMO_TEST', 'the manifest was accepted')
}

describe('A task manifest', () => {
  it('is read with its defaults', () => {
    const manifest = parseTaskManifest(source, 'task.yaml')
    expect(manifest.success_improvement).toBe(0.1)
    expect(manifest.profiles.full.script).toMatchObject({ wall_seconds: 20, memory_mib: 256, processes: 128, threads: 1 })
    expect(manifest.profiles.small).toEqual(manifest.profiles.full)
    expect(manifest.grading).toMatchObject({ evaluator: 'evaluate.py', starter_timed: false, repeats: 3 })
  })

  it('that is no YAML is refused with its line', () => {
    expect(problems('name: x\ntitle: [a\n')).toMatch(/^task\.yaml line 3: this is not YAML/)
    expect(problems('')).toMatch(/^task\.yaml line 1: write a YAML mapping/)
    expect(problems('- a\n- b\n')).toMatch(/^task\.yaml line 1: write a YAML mapping/)
  })

  it('with wrong fields is refused with every line, field and what to write there', () => {
    const text = source.replace('higher_is_better: false', 'higher_is_better: maybe').replace('title:', 'tittle:').replace('evaluator: evaluate.py', 'evaluator: ../evaluate.py')
    const lines = problems(text).split('\n')
    const metric = source.split('\n').findIndex((line) => line.startsWith('metric')) + 1
    const evaluator = source.split('\n').findIndex((line) => line.includes('evaluator:')) + 1
    expect(lines).toEqual([
      'task.yaml, title: write a title of a few words',
      'task.yaml line 2, tittle: there is no such field; remove it or correct its spelling',
      `task.yaml line ${metric}, metric.higher_is_better: write true or false: is a higher value better?`,
      `task.yaml line ${evaluator}, grading.evaluator: write the evaluator, for example evaluate.py as a path inside the task's folder, without .. and without a leading slash`,
    ])
  })

  it('never passes with one of its required fields taken away', () => {
    for (const field of ['name', 'title', 'summary', 'description', 'starter', 'entry', 'metric', 'profiles', 'grading', 'source']) {
      expect(problems(source.replace(new RegExp(`^${field}:`, 'm'), `x_${field}:`))).toContain(`${field}: `)
    }
  })

  it('with an alias bomb is refused', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefgh'.split('').map((name, index) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefg'[index]}`).join(',')}]`)].join('\n')
    expect(problems(bomb)).toContain('not YAML that can be read')
    expect(problems('name: *nobody\n')).toContain('not YAML')
  })
})
