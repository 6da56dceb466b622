import { existsSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { removeTree } from '../../src/workspace/index.ts'
import { ownTask } from '../tasks/own-task.ts'
import { Desk, surprise } from './kymo.ts'

const ACTIONS = `actions:
  - { action: List Files, args: { dir_path: . } }
  - { action: Read File, args: { file_name: test.csv } }
  - { action: Copy File, args: { source: train.csv, destination: mine.csv } }
  - { action: Write File, args: { file_name: train.csv, content: "id,x,y" } }
  - { action: Python REPL, args: { command: "print(len(open('train.csv').readlines()), len(open('mine.csv').readlines()))" } }
  - { action: Execute Script, args: { script_name: train.py } }
  - { action: Final Answer, args: { final_answer: done } }
`

it('A run on a task with data reads them from the cache, cannot change them, and is verified and bundled without the cache', async () => {
  using own = await ownTask()
  await using desk = new Desk({ KYMO_TASKS: own.root, KYMO_CACHE: own.cache })
  const script = join(desk.folder, 'actions.yaml')
  writeFileSync(script, ACTIONS)
  const done = await desk.run('run', 'curve', '--profile', 'small', '--agent', 'scripted', '--agent-config', `script=${script}`)
  expect(surprise(done)).toBe('')
  expect(done.all).toContain('making the data of curve (small), once for this machine')
  expect(done.all).toMatch(/no success: there is no baseline to compare with yet\. Measure it once with: .*task check curve --profile small --update-baseline/)

  const steps = JSON.parse((await desk.run('trace', 'last', '--json')).stdout) as { steps: Array<{ action: string; ok: boolean; code: string; observation: { text: string } }> } | Array<{ action: string; ok: boolean; code: string; observation: { text: string } }>
  const [list, read, copy, write, repl, execute] = Array.isArray(steps) ? steps : steps.steps
  expect(list?.observation.text).toContain('test.csv')
  expect(read?.observation.text).toMatch(/id,x/)
  expect(copy?.ok).toBe(true)
  expect(write).toMatchObject({ ok: false, code: 'read_only' })
  expect(repl?.observation.text).toContain('241 241')
  expect(execute?.ok).toBe(true)

  expect((await desk.run('workspace', 'ls', 'last')).stdout).toMatch(/2 files of the task's data beside them, read-only, .*: test\.csv, train\.csv/)
  expect((await desk.run('workspace', 'cat', 'last', 'train.csv')).stdout).toBe((await desk.run('workspace', 'cat', 'last', 'mine.csv')).stdout)
  expect((await desk.run('workspace', 'checkout', 'last', 'there')).stdout).toMatch(/The task's data \(2 files\) are not among them\. To run its scripts there: cp -r .*\/public\/\. there/)

  // The copy was never read by an action, but a tree names it: it has to be in the store.
  removeTree(own.cache)
  const verified = await desk.run('verify', 'last', '--json')
  expect(surprise(verified)).toBe('')
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true })
  expect((await desk.run('workspace', 'cat', 'last', 'mine.csv')).stdout).toContain('id,x,y')
  expect((await desk.run('workspace', 'cat', 'last', 'test.csv')).stdout).toContain('id,x')
  expect(surprise(await desk.run('export', 'last', '--out', 'run.kymo'))).toBe('')
  expect(surprise(await desk.run('verify', 'run.kymo'))).toBe('')
}, 120_000)

it('Answers enter neither the store nor the folder in which a run works', async () => {
  using own = await ownTask()
  await using desk = new Desk({ KYMO_TASKS: own.root, KYMO_CACHE: own.cache, KYMO_WORK: join(own.cache, 'work') })
  expect(surprise(await desk.run('run', 'curve', '--profile', 'small', '--agent', 'baseline'))).toBe('')
  const key = readdirSync(join(own.cache, 'tasks/curve/small')).find((name) => existsSync(join(own.cache, 'tasks/curve/small', name, 'answers'))) ?? ''
  const answers = readFileSync(join(own.cache, 'tasks/curve/small', key, 'answers/answers.csv'), 'utf8')
  // Any line of them would be one too many; y alone may stand anywhere.
  const rows = answers.trim().split('\n').slice(1)
  expect(rows).toHaveLength(60)
  const filesUnder = (folder: string): string[] => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const submitted = (await desk.run('workspace', 'cat', 'last', 'submission.csv')).stdout.split('\n')[1] ?? ''
  expect((await desk.run('down')).code).toBe(0)
  const written = filesUnder(desk.folder).map((path) => readFileSync(path, 'latin1')).join('\n')
  // What is in the store can be found in this way.
  expect(submitted).toMatch(/^r\d{3},/)
  expect(written).toContain(submitted)
  expect(rows.filter((row) => written.includes(row))).toEqual([])
}, 120_000)

it('A run whose data is gone says what to type, and goes on when it is back', async () => {
  using own = await ownTask()
  await using desk = new Desk({ KYMO_TASKS: own.root, KYMO_CACHE: own.cache })
  own.edit('task.yaml', (text) => text.replace('    # download_mib: 12.5', '    download_mib: 12.5'))
  const full = await desk.run('run', 'curve', '--profile', 'full', '--agent', 'baseline')
  expect(full.code).toBe(1)
  expect(full.all).toContain('Type: kymo task prepare curve --profile full (a download of about 12.5 MiB')
  expect(existsSync(join(desk.folder, '.kymo'))).toBe(false)
  expect(surprise(await desk.run('task', 'prepare', 'curve', '--profile', 'full'))).toBe('')
  renameSync(own.cache, `${own.cache}.aside`)
  expect((await desk.run('run', 'curve', '--profile', 'full', '--agent', 'baseline')).code).toBe(1)
  renameSync(`${own.cache}.aside`, own.cache)
  expect(surprise(await desk.run('run', 'curve', '--profile', 'full', '--agent', 'baseline'))).toBe('')
}, 120_000)

it('A large download wants a yes, and nothing waits for it where nobody can answer; the small profile is what is meant when none is named', async () => {
  using own = await ownTask()
  await using desk = new Desk({ KYMO_TASKS: own.root, KYMO_CACHE: own.cache })
  own.edit('task.yaml', (text) => text.replace('    # download_mib: 12.5', '    download_mib: 30000'))
  for (const flags of [[], ['--json']]) {
    const refused = await desk.run('task', 'prepare', 'curve', '--profile', 'full', ...flags)
    expect(refused.code).toBe(2)
    expect(refused.all).toMatch(/Nothing was fetched: .*downloads about 29 GiB.*type: .*task prepare curve --profile full --yes/)
  }
  const checked = await desk.run('task', 'check', 'curve', '--profile', 'full')
  expect(checked.code).toBe(1)
  expect(checked.all).toContain('Type: kymo task prepare curve --profile full (a download of about 29.3 GiB')
  expect(existsSync(join(own.cache, 'tasks/curve/full'))).toBe(false)
  expect(surprise(await desk.run('task', 'prepare', 'curve'))).toBe('')
  expect(surprise(await desk.run('run', 'curve', '--json'))).toBe('')
  expect(JSON.parse((await desk.run('show', 'last', '--json')).stdout)).toMatchObject({ profile: 'small' })
  expect(surprise(await desk.run('task', 'prepare', 'curve', '--profile', 'full', '--yes'))).toBe('')
  const cache = await desk.run('task', 'cache')
  expect(surprise(cache)).toBe('')
  expect(cache.stdout).toMatch(/curve +full +.* what a run takes /)
  expect((await desk.run('task', 'cache', '--prune', '--unused', '2h')).code).toBe(2)
  expect((await desk.run('task', 'cache', '--prune')).stdout).toContain('Nothing to remove')
}, 120_000)
