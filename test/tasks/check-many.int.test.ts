import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadTask, prepareData } from '../../src/effects/tasks/index.ts'
import { Desk, surprise } from '../e2e/kymo.ts'
import { anyPython, ownTask } from './own-task.ts'
import type { OwnTask } from './own-task.ts'

/** Another task of the same kind beside the first. */
function alike(own: OwnTask, name: string, change: (manifest: string) => string = (text) => text): void {
  cpSync(own.folder, join(own.root, name), { recursive: true })
  const manifest = join(own.root, name, 'task.yaml')
  writeFileSync(manifest, change(readFileSync(manifest, 'utf8').replace(/^name: .*$/m, `name: ${name}`)))
}

/** Its data are drawn by its name, so they are others. */
const writeLock = async (own: OwnTask, name: string): Promise<unknown> => prepareData(await loadTask(name, [own.root]), 'small', { python: anyPython, updateLock: true })

/** A task whose data and baseline are written down, with two forgeries. */
async function provenTask(): Promise<OwnTask> {
  const own = await ownTask('alpha')
  own.edit('task.yaml', (text) => text.replace(/^forged:[^]*?\n\n/m, 'forged:\n  - { file: forged/constant.py, expect: no_gain, attempt: one value }\n  - { file: forged/ten_times.py, expect: bad_submission, attempt: ten rows }\n\n'))
  await writeLock(own, 'alpha')
  return own
}

describe('kymo task check of several tasks', () => {
  it('makes their attempts side by side, a row that says why where one cannot be checked, one table in the order of the tasks, and exit code 1', async () => {
    using own = await provenTask()
    await using desk = new Desk({ KYMO_TASKS: own.root, KYMO_CACHE: own.cache })
    alike(own, 'beta')
    await writeLock(own, 'beta')
    // Their data differ, and with them what the starter reaches.
    for (const name of ['alpha', 'beta']) expect(surprise(await desk.run('task', 'check', name, '--runs', '4', '--update-baseline'))).toBe('')
    alike(own, 'broken', (text) => text.replace(/^metric: .*$/m, 'metric: none'))
    alike(own, 'lonely', (text) => text.replaceAll(/requires: '[^']*'/g, "requires: '>=3.99'"))
    const all = await desk.run('task', 'check', '--all', '--runs', '1', '--jobs', '3')
    expect(all.code).toBe(1)
    const lines = all.stdout.trim().split('\n')
    expect(lines[0]).toMatch(/^task +metric +baseline +reference +improvement +forgeries held +seconds/)
    expect(lines.slice(1, 5).map((line) => line.replace(/ {2,}/g, '  '))).toEqual([
      expect.stringMatching(/^alpha  .*2\/2  \d+\.\d  ok$/), expect.stringMatching(/^beta  .*2\/2  \d+\.\d  ok$/), expect.stringMatching(/^broken  not ok$/), expect.stringMatching(/^lonely  not ok$/),
    ])
    expect(all.stdout).toMatch(/^broken: .*task\.yaml line \d+, metric/m)
    expect(all.stdout).toMatch(/^lonely: There is no Python >=3\.99 here/m)
    expect(lines.at(-1)).toMatch(/^2 of 4 tasks ok, 4 of 4 forgeries held, .* with 3 side by side$/)
    expect(all.stderr).toMatch(/alpha: forged\/ten_times\.py/)
    expect(all.stderr).toMatch(/beta: ok, 2\/2 forgeries held, .* \(\d of 4 tasks\)/)
  }, 120_000)

  it('--json is one document of all rows', async () => {
    using own = await provenTask()
    await using desk = new Desk({ KYMO_TASKS: own.root, KYMO_CACHE: own.cache })
    const done = await desk.run('task', 'check', 'alpha', 'nowhere', '--runs', '2', '--json')
    expect(done.code).toBe(1)
    const report = JSON.parse(done.stdout) as { ok: boolean; jobs: number; seconds: number; tasks: Array<{ task: string; ok: boolean; problems: string[]; forgeries?: unknown[] }> }
    expect(report).toMatchObject({ ok: false, seconds: expect.any(Number) as number, tasks: [{ task: 'alpha', ok: false, forgeries: [{ held: true }, { held: true }] }, { task: 'nowhere', ok: false }] })
    expect(report.tasks[0]?.problems).toEqual([expect.stringMatching(/there is no baseline for small yet/)])
  }, 60_000)

  it('Ctrl-C ends what runs, says how far it came, and leaves nothing behind', async () => {
    using own = await provenTask()
    own.append('starter/train.py', '\nimport time\nprint("sleeping", flush=True)\ntime.sleep(600)\n')
    alike(own, 'beta')
    await writeLock(own, 'beta')
    const work = join(own.cache, 'work')
    await using desk = new Desk({ KYMO_TASKS: own.root, KYMO_CACHE: own.cache, KYMO_WORK: work })
    const { child, said, until } = desk.start(['task', 'check', '--all', '--jobs', '2'])
    await until('starter, run 2 of 3')
    child.kill('SIGINT')
    const { code, stderr, stdout } = await said
    expect([code, stdout, code === 130 ? '' : stderr]).toEqual([130, '', ''])
    expect(stderr).toMatch(/finishing up\.\.\. \(Ctrl-C again to stop at once\)\n.*interrupted: 0 of 2 tasks were checked\n$/s)
    expect(existsSync(work) ? readdirSync(work) : []).toEqual([])
    rmSync(work, { recursive: true, force: true })
  }, 60_000)
})
