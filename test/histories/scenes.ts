import { fileURLToPath } from 'node:url'

/** What a history plays, and where its serving process stops half-way. Names are those of the files in recorded/. */
export interface Scene {
  agent: string
  /** a fixture task; arithmetic when it is not said */
  task?: string
  /** a script of the scripted agent */
  script?: string
  actions?: string
  gradeSteps?: boolean
  maxSteps?: number
  /** the first execution is given back, as by a process that is stopped: a lost attempt, then a resumed run */
  interrupt?: boolean
  /** file of the scripted provider */
  replies?: string
  /** actions that the agent gets besides those without a model */
  addActions?: readonly string[]
  /** a file of added actions */
  tools?: string
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

const COMPOSITES = `
actions:
  - action: Understand File
    args: { file_name: train.py, things_to_look_for: what it predicts }
  - action: Edit Script (AI)
    args: { script_name: train.py, edit_instruction: another slope, save_name: sub/better.py }
  - action: Edit Script Segment (AI)
    args: { script_name: train.py, start_line_number: 1, end_line_number: 1, edit_instruction: another slope, save_name: train.py }
  - action: Edit Script (AI)
    args: { script_name: missing.py, edit_instruction: anything, save_name: train.py }
  - action: Undo Edit Script
    args: { script_name: train.py }
  - action: Append Summary to Research Log
    args: { content: Another slope was tried. }
  - action: Reflection
    args: { things_to_reflect_on: the slope }
  - action: Request Help
    args: { request: Is anybody there? }
  - action: Print
    args: { word: hello }
  - action: Final Answer
    args: { final_answer: All was tried. }
`
export const SCENES: Readonly<Record<string, Scene>> = {
  baseline: { agent: 'baseline' },
  scripted: { agent: 'scripted', script: fixture('tasks/arithmetic/demo.yaml') },
  'every-step-graded': { agent: 'scripted', script: fixture('tasks/arithmetic/demo.yaml'), gradeSteps: true, maxSteps: 10 },
  'with-model': { agent: 'scripted', script: fixture('scripts/with-model.yaml') },
  composites: { agent: 'scripted', actions: COMPOSITES, replies: fixture('scripts/composites-replies.yaml'), tools: fixture('scripts/added-actions.yaml'), addActions: ['Understand File', 'Edit Script (AI)', 'Edit Script Segment (AI)', 'Append Summary to Research Log', 'Reflection'] },
  research: { agent: 'research', task: 'picture-classes', replies: fixture('scripts/showcase.yaml') },
  trouble: { agent: 'scripted', actions: TROUBLE, interrupt: true },
}
