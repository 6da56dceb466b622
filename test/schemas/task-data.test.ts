import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { manifestFor, parseTaskManifest } from '../../schemas/task.ts'
import { parseBaselines, parseDataLock, spreadOf } from '../../schemas/task-data.ts'

describe('A baseline', () => {
  it('has the mean and the sample deviation of its runs', () => {
    expect(spreadOf([1, 2, 3, 4])).toEqual({ mean: 2.5, deviation: Math.sqrt(5 / 3) })
  })

  it('that always comes out the same has exactly that mean, and no deviation', () => {
    // Summed and divided these three would give 0.10000000000000002.
    expect(spreadOf([0.1, 0.1, 0.1])).toEqual({ mean: 0.1, deviation: 0 })
    expect(spreadOf([0.1])).toEqual({ mean: 0.1, deviation: null })
  })

  it('that somebody wrote by hand and got wrong is refused with the line that writes it anew', () => {
    expect(parseBaselines('{}', 'baseline.json')).toEqual({ small: null, full: null })
    expect(() => parseBaselines('{"small": {"runs": []}}', 'baseline.json')).toThrow(/baseline\.json, small\..*--update-baseline/)
    expect(() => parseBaselines('{', 'baseline.json')).toThrow(/not JSON.*--update-baseline/)
  })
})

describe('A data lock', () => {
  it('names what is downloaded, and the trees that come out', () => {
    const text = JSON.stringify({ full: { downloads: { 'a.zip': { url: 'https://example.org/a.zip', bytes: 3, sha256: 'a'.repeat(64) } } } })
    expect(parseDataLock(text, 'data.lock.json').full?.downloads['a.zip']?.bytes).toBe(3)
    expect(() => parseDataLock('{"small": {"public": "abc"}}', 'data.lock.json')).toThrow(/small\.public: is no SHA-256.*--update-lock/)
  })
})

describe('A manifest for a profile', () => {
  const source = readFileSync(join(import.meta.dirname, '../fixtures/tasks/arithmetic/task.yaml'), 'utf8')
  const manifest = parseTaskManifest(source.replace('  full: *any', `  full:
    <<: *any
    starter: starter-full
    entry: main.py
    success_improvement: 0.3
    download_mib: 12.5
    disk_mib: 40
    consent: kaggle
    prepare_python: { dependencies: [numpy] }
    grading: { total_seconds: 7 }`), 'task.yaml')

  it('has what the profile says in place of the common word', () => {
    expect(manifestFor(manifest, 'full')).toMatchObject({ starter: 'starter-full', entry: 'main.py', success_improvement: 0.3, description: 'description.md', grading: { evaluator: 'evaluate.py', total_seconds: 7, repeats: 3 } })
    expect(manifestFor(manifest, 'small')).toEqual({ ...manifest })
  })

  it('is the same when it is asked for twice', () => {
    expect(manifestFor(manifestFor(manifest, 'full'), 'full')).toEqual(manifestFor(manifest, 'full'))
  })

  it('has forgeries for the small profile unless they say otherwise', () => {
    expect(manifest.forged.map(({ profiles, run }) => [profiles, run])).toEqual([[['small'], true], [['small'], true]])
  })
})
