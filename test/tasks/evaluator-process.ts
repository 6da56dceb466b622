import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import type { TaskManifest } from '../../schemas/task.ts'
import { findPython } from '../../src/effects/python/index.ts'
import { loadTask, pythonDependencies, taskLibrary } from '../../src/effects/tasks/index.ts'

export interface Reply {
  graded: boolean
  code: string
  message: string
  value: number
  details: Record<string, unknown>
  paper: Array<{ metric: string; value: number; baseline: number; improvement: number }>
}

/** Files of the submitted tree, the answers and the prepared data; a function is called with the path and makes the file itself. */
export interface Given {
  tree: Record<string, string | Buffer | ((path: string) => void)>
  answers: Record<string, string>
  data?: Record<string, string>
}

/** Found once: looking takes longer than an evaluation. These tasks ask for the same packages. */
let python: Promise<string> | undefined
const pythonFor = (manifest: TaskManifest): Promise<string> => (python ??= findPython({ dependencies: pythonDependencies(manifest.profiles.small) }).then(({ executable }) => executable))

/** Runs a task's evaluate.py as the grader does, over files given here, and gives what it answers. Throws when it fails itself. */
export async function evaluated(task: string, { tree, answers, data = {} }: Given): Promise<Reply> {
  const { folder, manifest } = await loadTask(task)
  const directory = mkdtempSync(join(tmpdir(), 'kymo-evaluator-'))
  try {
    for (const [name, files] of Object.entries({ tree, answers, data })) {
      mkdirSync(join(directory, name))
      for (const [path, content] of Object.entries(files)) {
        const target = join(directory, name, path)
        mkdirSync(dirname(target), { recursive: true })
        if (typeof content === 'function') content(target)
        else writeFileSync(target, content)
      }
    }
    const request = {
      protocol: 1, task, profile: 'small', seed: 1, tree_dir: join(directory, 'tree'), starter_dir: join(folder, 'starter'), answers_dir: join(directory, 'answers'), data_dir: join(directory, 'data'),
      baseline: null, submission: null, starter: null, repeats: 1, limits: { start_seconds: 10, call_seconds: 10 },
    }
    const { stdout } = await execa(await pythonFor(manifest), ['-I', '-B', join(taskLibrary(), 'launch.py'), join(folder, 'evaluate.py')], { input: `${JSON.stringify(request)}\n`, cwd: directory })
    return JSON.parse(stdout) as Reply
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
