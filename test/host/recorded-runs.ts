import { AGENT_RUNS } from './agent-runs.ts'
import { EVERYTHING, answers } from './begun-with.ts'
import { execution, playInMemory } from './in-memory-run.ts'
import type { InMemoryOptions, InMemoryRun } from './in-memory-run.ts'

const edit = { script_name: 'train.py', edit_instruction: 'print another number', save_name: 'train.py' }

const write = (n: number) => ({ action: 'Write File', args: { file_name: `notes/${n % 3}.txt`, content: `note ${n}\n` }, thought: `thinking about ${n}` })

/** Runs that take every machine through every state it has: what the tests of the host step again in other ways. */
export const RUNS: Readonly<Record<string, InMemoryOptions>> = {
  ...AGENT_RUNS,
  'every file action': {
    actions: [
      { action: 'List Files', args: { dir_path: '.' } }, { action: 'Read File', args: { file_name: 'train.py' } }, write(0), write(1),
      { action: 'Append File', args: { file_name: 'notes/0.txt', content: 'more\n' } }, { action: 'Copy File', args: { source: 'train.py', destination: 'copy.py' } },
      { action: 'Inspect Script Lines', args: { script_name: 'train.py', start_line_number: 1, end_line_number: 1 } }, { action: 'Undo Edit Script', args: { script_name: 'notes/0.txt' } },
      { action: 'Read File', args: { file_name: 'nothing.txt' } }, { action: 'Final Answer', args: { final_answer: 'done' } },
    ],
  },
  'every composite': {
    started: EVERYTHING, effects: answers,
    actions: [
      { action: 'Understand File', args: { file_name: 'train.py', things_to_look_for: 'all' } }, { action: 'Edit Script (AI)', args: edit }, { action: 'Edit Script Segment (AI)', args: { ...edit, start_line_number: 1, end_line_number: 1, save_name: 'new.py' } },
      { action: 'Edit Script (AI)', args: { ...edit, script_name: 'missing.py' } }, { action: 'Undo Edit Script', args: { script_name: 'train.py' } }, { action: 'Reflection', args: { things_to_reflect_on: 'nothing' } },
      { action: 'Append Summary to Research Log', args: { content: 'a note' } }, { action: 'Reflection', args: { things_to_reflect_on: 'the note' } }, { action: 'Retrieval from Research Log', args: { current_plan: 'none' } },
      { action: 'Request Help', args: { request: 'is it good?' } }, { action: 'Python REPL', args: { command: '1 + 1' } }, { action: '', args: {} }, { action: 'Final Answer', args: { final_answer: 'done' } },
    ],
  },
  'out of tokens inside a tool': {
    started: { ...EVERYTHING, limits: { max_steps: 0, max_time_ms: 0, max_tokens: 20, max_cost_usd: 0 } }, effects: answers,
    actions: [{ action: 'Edit Script (AI)', args: edit }],
  },
  'cancelled while a tool works': {
    started: EVERYTHING, effects: answers, actions: [{ action: 'Edit Script (AI)', args: edit }],
    meanwhile: async (run) => { if (run.events.at(-1)?.type === 'effect.requested' && run.events.at(-1)?.from === 'llm-tool/2/1') await run.external('run.cancel_requested', { reason: 'enough' }, 'environment') },
  },
  'refused actions': {
    actions: [
      { action: 'Delete Everything', args: {} }, { action: 'Read File', args: { file: 'train.py' } }, { action: 'Execute Script', args: { script_name: '../../outside.py' } },
      { action: 'Write File', args: { file_name: 'locked/a.txt', content: 'x' } },
    ],
  },
  'the baseline': { agent: 'baseline' },
  'scripts that end in every way': {
    actions: ['a.py', 'b.py', 'c.py', 'd.py'].map((script_name) => ({ action: 'Execute Script', args: { script_name } })),
    files: { 'a.py': '1', 'b.py': '1', 'c.py': '1', 'd.py': '1' },
    effects: async ({ payload }, blobs) => {
      if (payload.kind !== 'execution') return undefined
      const tree = payload.execution?.tree ?? ''
      switch (payload.execution?.script) {
        case 'a.py': return execution(blobs, { tree, stdout: 'fine\n' })
        case 'b.py': return execution(blobs, { tree, exitCode: 1, stderr: 'Traceback\n', stdout: 'before\n' })
        case 'c.py': return execution(blobs, { tree, reason: 'timed_out', exitCode: -1, stdout: '10%\r20%\r' })
        default: return { ok: false, error: { source: 'system', code: 'lost', message: 'all 5 attempts were lost' } }
      }
    },
  },
  'questions to a model that fails twice': {
    actions: [{ ask: 'what now?' }, write(1), { ask: 'and now?' }], replies: ['a'],
    effects: ({ payload }) => (payload.kind === 'completion' && payload.call < 3 ? { ok: false, error: { source: 'provider', code: 'overloaded', message: 'busy' }, retryable: true } : undefined),
  },
  'a question that is never answered': {
    actions: [{ ask: 'what now?' }],
    effects: ({ payload }) => (payload.kind === 'completion' ? { ok: false, error: { source: 'provider', code: 'overloaded', message: 'busy' }, retryable: true } : undefined),
  },
  'a tool that asks a model': {
    allowed: ['Understand File', 'Final Answer'],
    actions: [{ action: 'Understand File', args: { file_name: 'train.py', things_to_look_for: 'what it prints' } }, { action: 'Final Answer', args: { final_answer: 'understood' } }],
  },
  'cancelled while a model thinks': {
    allowed: ['Understand File', 'Final Answer'],
    actions: [{ action: 'Understand File', args: { file_name: 'train.py', things_to_look_for: 'what it prints' } }],
    meanwhile: async (run) => {
      const asked = run.events.some(({ type, from }) => type === 'effect.requested' && from.startsWith('llm-tool'))
      if (asked && !run.events.some(({ type }) => type === 'run.cancel_requested')) await run.external('run.cancel_requested', { reason: 'enough' }, 'environment')
    },
  },
  'graded at every step': { gradeSteps: true, actions: [write(1), write(2), write(2)] },
  'a grader that fails': { effects: ({ payload }) => (payload.kind === 'grading' ? { ok: false, error: { source: 'system', code: 'crashed', message: 'no score' } } : undefined), actions: [write(1)] },
  'out of steps': { actions: [write(1), write(2), write(3), write(4)], limits: { max_steps: 2 } },
  'out of time during a script': {
    actions: [{ action: 'Execute Script', args: { script_name: 'train.py' } }], limits: { max_time_ms: 5 },
    effects: async ({ payload }, blobs) => {
      if (payload.kind !== 'execution') return undefined
      await new Promise((resolve) => setTimeout(resolve, 250))
      return execution(blobs, { tree: payload.execution?.tree ?? '', reason: 'cancelled', exitCode: -1 })
    },
  },
  'cancelled by the user': {
    actions: [write(1), write(2), write(3)],
    meanwhile: async (run, turn) => { if (turn === 12) await run.external('run.cancel_requested', { reason: 'enough' }, 'environment') },
  },
}

const played = new Map<string, Promise<InMemoryRun>>()

/** A run of RUNS, played once per test file. */
export const recorded = (name: string): Promise<InMemoryRun> => {
  const known = played.get(name) ?? playInMemory(RUNS[name] ?? {})
  played.set(name, known)
  return known
}
