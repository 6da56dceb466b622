import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { scriptFile } from '../../schemas/agent-config.ts'
import { parseTree } from '../../schemas/tree.ts'
import { MemoryBlobs } from '../../src/blobs/index.ts'
import { evaluatorKey, listTasks, loadTask, prepareTask, taskFolders } from '../../src/effects/tasks/index.ts'

const fixtures = join(import.meta.dirname, '../fixtures/tasks')

let directory = ''
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'kymo-tasks-')) })
afterEach(() => rmSync(directory, { recursive: true, force: true }))

describe('Tasks', () => {
  it('are found in the package, or where KYMO_TASKS says', () => {
    expect(taskFolders({})[0]).toMatch(/tasks$/)
    expect(taskFolders({ KYMO_TASKS: `${fixtures}:/elsewhere` })).toEqual([fixtures, '/elsewhere'])
  })

  it('are listed with their problems, so that one broken manifest hides no other task', async () => {
    const listing = await listTasks([fixtures, join(fixtures, 'broken')])
    expect(listing.filter(({ name }) => name === 'arithmetic' || name.startsWith('broken-')).map((entry) => [entry.name, 'problem' in entry])).toEqual([
      ['arithmetic', false], ['broken-fields', true], ['broken-files', true], ['broken-name', true], ['broken-yaml', true],
    ])
  })

  it('whose manifest, name or files are wrong say so when they are loaded', async () => {
    const roots = [join(fixtures, 'broken')]
    await expect(loadTask('broken-yaml', roots)).rejects.toThrow(/task\.yaml line 3: this is not YAML/)
    await expect(loadTask('broken-fields', roots)).rejects.toThrow(/line 3, sumary: there is no such field/)
    await expect(loadTask('broken-name', roots)).rejects.toThrow(/says arithmetic but its folder is broken-name/)
    await expect(loadTask('broken-files', roots)).rejects.toThrow(/description: there is no file description\.md/)
  })

  it('that do not exist are answered with the nearest and the list', async () => {
    await expect(loadTask('vectorisation')).rejects.toThrow(/there is no task vectorisation\. Did you mean vectorization\? The tasks are: .*vectorization/)
    await expect(loadTask('zzz', [directory])).rejects.toThrow(/holds no tasks\. Set KYMO_TASKS/)
    await expect(loadTask('x', [join(directory, 'nowhere')])).rejects.toMatchObject({ code: 'KYMO_TASKS_FOLDER' })
  })

  it('are prepared into a tree whose files are all in the blob store, the answers never', async () => {
    const blobs = new MemoryBlobs()
    const prepared = await prepareTask(await loadTask('arithmetic', [fixtures]), 'small', blobs)
    const tree = parseTree(Buffer.from(await blobs.get(prepared.tree)).toString())
    expect([...tree.keys()]).toEqual(['inputs.csv', 'notes/hint.txt', 'train.py'])
    expect(await blobs.has([...tree.values()].map((entry) => entry.sha256))).toEqual([true, true, true])
    const answers = readFileSync(join(fixtures, 'arithmetic/answers/answers.csv'), 'utf8')
    expect([...blobs.contents.values()].map((bytes) => Buffer.from(bytes).toString())).not.toContain(answers)
    expect(prepared).toMatchObject({ task: 'arithmetic', entry: 'train.py', readOnly: ['inputs.csv'], layers: [] })
    expect(prepared.problem).toContain('mean absolute error')
  })

  it('have an evaluator key that changes with the evaluator, the answers and the starter, and with nothing else', async () => {
    const copy = join(directory, 'arithmetic')
    cpSync(join(fixtures, 'arithmetic'), copy, { recursive: true })
    const key = async (): Promise<string> => evaluatorKey(await loadTask('arithmetic', [directory]), 'small')
    const before = await key()
    expect(before).toBe(await evaluatorKey(await loadTask('arithmetic', [fixtures]), 'small'))
    appendFileSync(join(copy, 'description.md'), 'Good luck.\n')
    expect(await key()).toBe(before)
    for (const file of ['evaluate.py', 'answers/answers.csv', 'starter/inputs.csv']) {
      const last = await key()
      appendFileSync(join(copy, file), '\n')
      expect(await key()).not.toBe(last)
    }
  })

  it('with a link among the starter files are refused', async () => {
    const copy = join(directory, 'arithmetic')
    cpSync(join(fixtures, 'arithmetic'), copy, { recursive: true })
    symlinkSync('/etc/passwd', join(copy, 'starter/link'))
    await expect(prepareTask(await loadTask('arithmetic', [directory]), 'small', new MemoryBlobs())).rejects.toMatchObject({ code: 'KYMO_TASK_FILE' })
  })

  it('keep empty folders of the starter', async () => {
    const copy = join(directory, 'arithmetic')
    cpSync(join(fixtures, 'arithmetic'), copy, { recursive: true })
    mkdirSync(join(copy, 'starter/empty'))
    const blobs = new MemoryBlobs()
    const { tree } = await prepareTask(await loadTask('arithmetic', [directory]), 'small', blobs)
    expect(parseTree(Buffer.from(await blobs.get(tree)).toString()).get('empty')?.kind).toBe('dir')
  })

  it('with a demonstration have one that ends in a Final Answer', async () => {
    for (const entry of await listTasks([...taskFolders({}), fixtures])) {
      if (!('task' in entry) || entry.task.manifest.demo === undefined) continue
      const { actions } = scriptFile.parse(parse(readFileSync(join(entry.folder, entry.task.manifest.demo), 'utf8')))
      const names = actions.map((item) => ('action' in item ? item.action : 'ask'))
      expect(names.at(-1)).toBe('Final Answer')
      expect(names.filter((name) => name === 'Execute Script').length).toBeGreaterThan(1)
    }
  })
})
