import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkTask } from '../../src/effects/checking/index.ts'
import type { CheckOptions, CheckedTask } from '../../src/effects/checking/index.ts'
import { MachineRoom } from '../../src/effects/index.ts'
import { prepareData } from '../../src/effects/tasks/index.ts'
import { anyPython, ownTask } from './own-task.ts'
import type { OwnTask } from './own-task.ts'

let own: OwnTask
let work = ''
beforeEach(async () => {
  own = await ownTask()
  work = mkdtempSync(join(tmpdir(), 'kymo-check-'))
})
afterEach(() => {
  own[Symbol.dispose]()
  rmSync(work, { recursive: true, force: true })
})

async function check(more: Partial<CheckOptions> & { sandbox?: 'auto' | 'none' } = {}): Promise<CheckedTask> {
  const { sandbox = 'auto', ...rest } = more
  const room = new MachineRoom({ work, sandbox })
  try {
    return await checkTask(await own.load(), { profile: 'small', room, runs: 2, ...rest })
  } finally {
    room.close()
  }
}
const lock = async (): Promise<unknown> => prepareData(await own.load(), 'small', { python: anyPython, updateLock: true })
/** Only these forgeries. */
const forge = (...lines: string[]): void => own.edit('task.yaml', (text) => text.replace(/^forged:[^]*?\n\n/m, `forged:\n${lines.map((line) => `  - { ${line} }\n`).join('')}\n`))

describe('kymo task check', () => {
  it('passes on what kymo task new writes, once its data and baseline are written down', async () => {
    const first = await check()
    expect(first.problems).toEqual([expect.stringContaining('--update-lock'), expect.stringContaining('--update-baseline')])
    await lock()
    const updated = await check({ runs: 4, updateBaseline: true })
    expect(updated.problems).toEqual([])
    expect(JSON.parse(readFileSync(join(own.folder, 'baseline.json'), 'utf8'))).toMatchObject({ small: { runs: updated.starter, versions: { python: expect.any(String) as string } }, full: null })
    const row = await check()
    expect(row).toMatchObject({ ok: true, problems: [], baseline: { runs: 4, live: false, mean: updated.baseline?.mean }, reference: { success: true } })
    expect(row.baseline?.deviation).toBeGreaterThan(0)
    expect(row.forgeries.map(({ found, held }) => [found, held])).toEqual(row.forgeries.map(({ expect: wanted }) => [wanted, true]))
    expect(row.forgeries).toHaveLength(8)
  }, 60_000)

  it('fails when the reference is not beyond what the starter reaches by chance', async () => {
    await lock()
    forge()
    own.edit('task.yaml', (text) => text.replace('forged:\n\n', 'forged: []\n\n'))
    // A starter that is sometimes as good as the reference.
    own.edit('starter/train.py', (text) => text.replace('    print(', '    slope *= random.choice((-2, 0, 1, 4))\n    print('))
    own.write('baseline.json', JSON.stringify({ small: { runs: [0.5, 3.5, 2.5], mean: 6.5 / 3, deviation: 1.5, versions: {}, measured: '2026-01-01' } }))
    const row = await check({ runs: 1 })
    expect(row.reference?.improvement).toBeGreaterThan(0.5)
    expect(row.problems).toEqual([expect.stringMatching(/^the reference is no success/)])
  })

  it('fails when the starter is not what was recorded, and says by how much', async () => {
    await lock()
    own.edit('task.yaml', (text) => text.replace(/^forged:[^]*?\n\n/m, 'forged: []\n\n'))
    own.write('baseline.json', JSON.stringify({ small: { runs: [9.1, 9, 9.2], mean: 9.1, deviation: 0.1, versions: {}, measured: '2026-01-01' } }))
    expect((await check()).problems).toEqual([expect.stringMatching(/^the starter reaches \d\.\d+ on average now, and 9\.1 was recorded \(2026-01-01, with other versions\).*--update-baseline/)])
  })

  it('fails when a forgery gains something, or is refused for another reason than expected', async () => {
    await lock()
    forge('file: forged/good.py, expect: no_gain, attempt: is no forgery at all', 'file: forged/pickled.py, expect: submission_missing, attempt: hands in a pickle', 'file: forged/breaks.py, expect: no_gain, attempt: fails')
    own.write('forged/good.py', readFileSync(join(own.folder, 'reference/train.py'), 'utf8'))
    own.write('forged/breaks.py', 'raise SystemExit("no idea")\n')
    const row = await check({ updateBaseline: true })
    expect(row.forgeries.map(({ found, held }) => [found, held])).toEqual([['a success', false], ['bad_submission', false], ['submission_missing', false]])
    expect(row.problems[0]).toMatch(/forged\/good\.py \(is no forgery at all\) should end with no_gain and ended with a success/)
    expect(row.problems[2]).toMatch(/Its script ended with exit code 1: no idea/)
  })

  it('measures a forgery that seems to gain where time is the score once more, in full, and believes that', async () => {
    await lock()
    forge('file: forged/constant.py, expect: no_gain, attempt: lucky once', 'file: forged/ten_times.py, expect: no_gain, attempt: faster every time')
    own.edit('task.yaml', (text) => text.replace('  total_seconds: 60\n', '  starter_timed: true\n  repeats: 7\n  total_seconds: 60\n'))
    // It measures a baseline of its own: what is measured in a hurry is fast, and two of the scripts always are.
    own.write('evaluate.py', `from pathlib import Path
from kymo_task import grade
def evaluate(request):
    script = Path(request['tree_dir'], 'train.py').read_text()
    fast = request['repeats'] < 7 or 'nearest rows' in script or 'ten guesses' in script
    return {'value': 0.1 if fast else 1.0, 'baseline_runs': [1.0, 1.01, 0.99]}
grade(evaluate)
`)
    const row = await check({ runs: 1 })
    expect(row.baseline).toMatchObject({ live: true })
    expect(row.reference).toMatchObject({ success: true })
    expect(row.forgeries.map(({ file, found, held }) => [file, found, held])).toEqual([['forged/constant.py', 'no_gain', true], ['forged/ten_times.py', 'a success', false]])
    expect(row.notes).toEqual([expect.stringMatching(/^forged\/constant\.py looked like a success and was measured once more, 7 times$/), expect.stringMatching(/^forged\/ten_times\.py/)])
    expect(row.problems).toEqual([expect.stringMatching(/^forged\/ten_times\.py .* ended with a success/)])
  }, 60_000)

  it('says of a grader that fails at which attempt it failed', async () => {
    await lock()
    forge('file: forged/constant.py, expect: no_gain, attempt: one value')
    own.edit('evaluate.py', (text) => text.replace('    found =', '    if "one answer" in open(request["tree_dir"] + "/train.py").read(): 1 / 0\n    found ='))
    const row = await check({ updateBaseline: true })
    expect(row.reference).toMatchObject({ success: true })
    expect(row.forgeries).toMatchObject([{ found: 'no answer', held: false }])
    expect(row.problems).toEqual([expect.stringMatching(/^forged\/constant\.py \(one value\) should end with no_gain and was not graded at all: .*ZeroDivisionError/s)])
  }, 60_000)

  it('tries forgeries alone against the recorded baseline, on request', async () => {
    await lock()
    forge('file: forged/constant.py, expect: no_gain, attempt: one value')
    expect((await check({ only: 'forgeries' })).problems).toEqual([expect.stringContaining('there is no baseline for small yet')])
    await check({ updateBaseline: true })
    own.write('starter/train.py', 'raise SystemExit("nobody runs this")\n')
    expect(await check({ only: 'forgeries' })).toMatchObject({ ok: true, starter: [], reference: null, baseline: { runs: 2 }, forgeries: [{ found: 'no_gain', held: true }] })
  }, 60_000)

  it('says what is wrong with a starter that is not graded, and writes no baseline', async () => {
    await lock()
    own.write('starter/train.py', 'print(1 / 0)\n')
    const row = await check({ updateBaseline: true })
    expect(row.problems[0]).toMatch(/^the starter is not graded \(submission_missing\).*ZeroDivisionError/)
    expect(row.baseline).toBeNull()
    expect(() => readFileSync(join(own.folder, 'baseline.json'))).toThrow()
  })
})

describe('The data in a script\'s sandbox', () => {
  const look = `import glob, json, os
seen = {'here': sorted(os.listdir('.')), 'tried': []}
for what, change in {
    'overwrite': lambda: open('train.csv', 'w').write('id,x,y\\n'), 'append': lambda: open('test.csv', 'a').write('z,1\\n'), 'remove': lambda: os.remove('test.csv'),
    'rename': lambda: os.rename('train.csv', 'old.csv'), 'mode': lambda: os.chmod('train.csv', 0o777), 'replace': lambda: os.replace('mine.txt', 'train.csv'),
}.items():
    open('mine.txt', 'w').write('id,x,y\\n')
    try:
        change()
        seen['tried'].append(what)
    except OSError:
        pass
seen['answers'] = [path for root in ('/home', '/kymo', '/root', '/var', CACHE) for path in glob.glob(root + '/**/answers.csv', recursive=True)]
open('seen.json', 'w').write(json.dumps(seen))
print(json.dumps(seen))
`
  const outcomeOf = async (sandbox: 'auto' | 'none'): Promise<{ row: CheckedTask; seen: { here: string[]; tried: string[]; answers: string[] } }> => {
    await lock()
    forge('file: forged/looks.py, expect: submission_missing, attempt: looks around')
    own.write('forged/looks.py', `CACHE = ${JSON.stringify(join(own.cache, 'tasks'))}\n${sandbox === 'none' ? look.replace(/^seen\['answers'\].*$/m, "seen['answers'] = []") : look}raise SystemExit(json.dumps(seen))\n`)
    const row = await check({ sandbox, runs: 1, updateBaseline: true })
    const said = row.problems.join('\n')
    const forged = row.forgeries[0]
    expect(forged?.held, said).toBe(true)
    return { row, seen: JSON.parse(forged?.said ?? '{}') as { here: string[]; tried: string[]; answers: string[] } }
  }

  it('are there, cannot be changed in any way, and the answers are nowhere', async () => {
    const { seen } = await outcomeOf('auto')
    expect(seen).toEqual({ here: ['test.csv', 'train.csv', 'train.py'], tried: [], answers: [] })
  })

  it('are copies without a sandbox: what a script does to them is undone', async () => {
    const { row, seen } = await outcomeOf('none')
    expect(seen.here).toEqual(['test.csv', 'train.csv', 'train.py'])
    expect(seen.tried).toContain('overwrite')
    expect(row.reference?.success).toBe(true)
  })
})
