import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { AGENTS } from '../../actors/index.ts'
import type { AgentEntry } from '../../actors/index.ts'
import { MemoryBlobs } from '../../src/blobs/index.ts'
import { agentSettings, referenceScript } from '../../src/effects/run-settings/index.ts'
import { taskFor } from '../../src/effects/tasks/index.ts'
import { ownTask } from './own-task.ts'

const END = [{ action: 'Execute Script', args: { script_name: 'train.py' } }, { action: 'Final Answer', args: { final_answer: 'The reference solution of the task, unchanged.' } }]

it('A reference that is a file takes the entry\'s place, is run and submitted', async () => {
  using own = await ownTask()
  const content = readFileSync(join(own.folder, 'reference/train.py'), 'utf8')
  expect(await referenceScript(await own.load())).toEqual({ actions: [{ action: 'Write File', args: { file_name: 'train.py', content } }, ...END] })
})

it('A reference that is a folder is written file by file, each profile its own', async () => {
  using own = await ownTask()
  mkdirSync(join(own.folder, 'better/parts'), { recursive: true })
  own.write('better/train.py', 'import parts.net\n')
  own.write('better/parts/net.py', 'DEPTH = 4\n')
  own.edit('task.yaml', (text) => text.replace('\n  full:\n', '\n  full:\n    reference: better\n'))
  const task = await own.load()
  expect((await referenceScript(taskFor(task, 'full'))).actions.slice(0, -2)).toEqual([
    { action: 'Write File', args: { file_name: 'parts/net.py', content: 'DEPTH = 4\n' } }, { action: 'Write File', args: { file_name: 'train.py', content: 'import parts.net\n' } },
  ])
  expect((await referenceScript(taskFor(task, 'small'))).actions).toHaveLength(3)
})

it('A task without a reference says what to play instead', async () => {
  using own = await ownTask()
  own.edit('task.yaml', (text) => text.replace(/^reference: .*\n/m, ''))
  await expect(agentSettings(AGENTS['scripted'] as AgentEntry, { script: 'reference' }, await own.load(), new MemoryBlobs())).rejects.toThrow('the task curve has no reference solution to play. Name a file of actions with --agent-config script=FILE')
})
