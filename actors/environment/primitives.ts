import { z } from 'zod'
import { onePiece, textArgument } from './action-spec.ts'
import type { ActionSpec } from './action-spec.ts'
import { FILE_ACTIONS } from './files/index.ts'
import type { FileActionName } from './files/index.ts'

/** Inspect Script Lines is one function of the tree here; the benchmark counts it among the composites. */
export const fileActions: ActionSpec[] = Object.values(FILE_ACTIONS).map((action) => ({
  ...action, kind: 'file', primitive: action.name !== 'Inspect Script Lines',
  plan: onePiece((args) => ({ kind: 'file', action: action.name as FileActionName, args })),
}))

export const executeScript: ActionSpec = {
  name: 'Execute Script',
  description: 'Runs a Python script of the workspace, from the top of the workspace and without arguments, and waits for its end.',
  args: z.strictObject({ script_name: z.string().min(1).describe('the script, relative to the workspace') }),
  returns: 'how the script ended and what it wrote',
  kind: 'script', primitive: true,
  plan: onePiece((args) => ({ kind: 'script', script: textArgument(args, 'script_name'), arguments: [] })),
}

export const pythonRepl: ActionSpec = {
  name: 'Python REPL',
  description: 'Runs Python statements in a session that keeps its variables from one command to the next, from the top of the workspace. Of several lines the value of a last expression is shown.',
  args: z.strictObject({ command: z.string().min(1).describe('the Python code, of one or several lines') }),
  returns: 'what the code wrote and the value of its last expression; it says so when the session was started anew and its variables are lost',
  kind: 'repl', primitive: true,
  plan: onePiece((args) => ({ kind: 'repl', command: textArgument(args, 'command') })),
}

export const requestHelp: ActionSpec = {
  name: 'Request Help',
  description: 'Asks the person who watches the run, and waits for the answer.',
  args: z.strictObject({ request: z.string().min(1).describe('the question, with everything the person needs to know to answer it') }),
  returns: 'the answer of the person, or that nobody answered',
  kind: 'human', primitive: true,
  plan: onePiece((args) => ({ kind: 'human', prompt: textArgument(args, 'request') })),
}

export const finalAnswer: ActionSpec = {
  name: 'Final Answer',
  description: 'Submits the workspace as it is now and ends the run.',
  args: z.strictObject({ final_answer: z.string().describe('what was achieved, in a few sentences') }),
  returns: 'nothing: the run is over',
  kind: 'final', primitive: true,
  plan: () => ({ kind: 'done' }),
}
