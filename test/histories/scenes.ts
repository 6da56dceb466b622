import { fileURLToPath } from 'node:url'

/** What a history plays, and where its serving process stops half-way. Names are those of the files in recorded/. */
export interface Scene {
  agent: string
  /** a script of the scripted agent */
  script?: string
  actions?: string
  gradeSteps?: boolean
  maxSteps?: number
  /** the first execution is given back, as by a process that is stopped: a lost attempt, then a resumed run */
  interrupt?: boolean
}

const fixture = (path: string): string => fileURLToPath(new URL(`../../../test/fixtures/${path}`, import.meta.url))

const TROUBLE = `
actions:
  - action: Delete Everything
    args: {}
  - action: Read File
    args: { file: train.py }
  - action: Execute Script
    args: { script_name: ../outside.py }
  - action: Write File
    args: { file_name: broken.py, content: "print('one line')\\nraise SystemExit('it cannot be done')\\n" }
  - action: Execute Script
    args: { script_name: broken.py }
  - action: Undo Edit Script
    args: { script_name: broken.py }
  - action: Read File
    args: { file_name: nothing/here.txt }
  - action: Execute Script
    args: { script_name: train.py }
  - action: Final Answer
    args: { final_answer: Nothing worked. }
`

export const SCENES: Readonly<Record<string, Scene>> = {
  baseline: { agent: 'baseline' },
  scripted: { agent: 'scripted', script: fixture('tasks/arithmetic/demo.yaml') },
  'every-step-graded': { agent: 'scripted', script: fixture('tasks/arithmetic/demo.yaml'), gradeSteps: true, maxSteps: 10 },
  'with-model': { agent: 'scripted', script: fixture('scripts/with-model.yaml') },
  trouble: { agent: 'scripted', actions: TROUBLE, interrupt: true },
}
