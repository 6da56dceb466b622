import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ScriptFile } from '../../../schemas/agent-config.ts'
import { KymoError } from '../../../schemas/errors.ts'
import { filesUnder } from '../tasks/index.ts'
import type { Task } from '../tasks/index.ts'

/**
 * A script for the scripted agent that submits the task's reference solution: its files are written over the starter's, the entry is run,
 * and that is the answer. `task` as it is for the profile. For people who want to see a task solved; no other agent is ever shown these files.
 * Throws KYMO_AGENT_CONFIG for a task without one.
 */
export async function referenceScript({ name, folder, manifest: { reference, entry } }: Task): Promise<ScriptFile> {
  if (reference === undefined) throw new KymoError('KYMO_AGENT_CONFIG', `the task ${name} has no reference solution to play. Name a file of actions with --agent-config script=FILE`)
  const files = (await filesUnder(join(folder, reference))).filter(({ empty }) => !empty)
  const writes = await Promise.all(files.map(async ({ path, source }) => ({ action: 'Write File', args: { file_name: path === '' ? entry : path, content: await readFile(source, 'utf8') } })))
  return {
    actions: [
      ...writes,
      { action: 'Execute Script', args: { script_name: entry } },
      { action: 'Final Answer', args: { final_answer: 'The reference solution of the task, unchanged.' } },
    ],
  }
}
