import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/effects/tasks/index.ts'
import { Desk, MAIN, surprise } from './kymo.ts'
import type { Said } from './kymo.ts'

const desk = new Desk()
afterAll(() => desk[Symbol.asyncDispose]())

/** A command that somebody sits at: every line is typed, then the input ends. */
function typed(lines: readonly string[], ...args: string[]): Promise<Said> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: desk.folder, env: desk.environment, stdio: ['pipe', 'pipe', 'pipe'] })
  const said: Said = { code: null, stdout: '', stderr: '', all: '' }
  child.stdout.on('data', (chunk: Buffer) => { said.stdout += chunk.toString(); said.all += chunk.toString() })
  child.stderr.on('data', (chunk: Buffer) => { said.stderr += chunk.toString(); said.all += chunk.toString() })
  child.stdin.end(lines.map((line) => `${line}\n`).join(''))
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...said, code })))
}

interface Traced { action: string; ok: boolean; code: string; observation?: { text?: string }; primitives?: { name: string; ok: boolean }[] }
const steps = async (): Promise<Traced[]> => (JSON.parse((await desk.run('trace', 'last', '--json')).stdout) as { steps: Traced[] }).steps

describe('a person as the agent', () => {
  it('chooses by name, by number or in one line of JSON, types files of several lines, and submits', { timeout: 60_000 }, async () => {
    const said = await typed([
      'list files', '.',
      'what?', 'Write File', 'note.txt', '<<END', 'first', 'second', 'END',
      '{"name": "Read File", "arguments": {"file_name": "note.txt"}, "thought": "is it there?"}',
      'execute', 'train.py',
      'Final Answer', 'The starter as it is.',
    ], 'run', 'arithmetic', '--agent', 'human', '--json')
    expect(surprise(said)).toBe('')
    const trace = await steps()
    expect(trace.map(({ action, ok }) => [action, ok])).toEqual([['List Files', true], ['Write File', true], ['Read File', true], ['Execute Script', true], ['Final Answer', true]])
    expect(trace[2]?.observation?.text).toBe('first\nsecond\n')
    expect(said.stderr).toContain('There is no action "what?"')
    expect(surprise(await desk.run('verify', 'last'))).toBe('')
  })

  it('who leaves ends the run, and what there is gets graded', { timeout: 60_000 }, async () => {
    const said = await typed(['{"name": "Execute Script", "arguments": {"script_name": "train.py"}}'], 'run', 'arithmetic', '--agent', 'human', '--json')
    const { status, error, score } = JSON.parse(said.stdout) as { status: string; error: { code: string }; score: { value: number } }
    expect([status, error.code, score.value > 0]).toEqual(['failed', 'nobody_there', true])
  })
})

describe('Request Help', () => {
  const script = (): string => {
    const file = join(desk.folder, 'help.yaml')
    writeFileSync(file, 'actions:\n  - {action: Request Help, args: {request: "Which slope?"}}\n  - {action: Final Answer, args: {final_answer: done}}\n')
    return `script=${file}`
  }

  it('asks who is there, and the answer is the observation', { timeout: 60_000 }, async () => {
    const said = await typed(['Three, I think.'], 'run', 'arithmetic', '--agent', 'scripted', '--agent-config', script(), '--interactive', '--json')
    expect(JSON.parse(said.stdout)).toMatchObject({ status: 'finished', steps: 2 })
    expect(said.stderr).toContain('Which slope?')
    expect((await steps())[0]).toMatchObject({ action: 'Request Help', ok: true, observation: { text: expect.stringContaining('Three, I think.') } })
  })

  it('is refused where nobody is there', { timeout: 60_000 }, async () => {
    await desk.run('run', 'arithmetic', '--agent', 'scripted', '--agent-config', script(), '--json')
    expect((await steps())[0]).toMatchObject({ action: 'Request Help', ok: false, code: 'unknown_action' })
  })
})

it('the Python REPL keeps its variables from step to step, shares the workspace, and says when they are lost', { timeout: 60_000 }, async () => {
  const file = join(desk.folder, 'repl.yaml')
  const repl = (command: string): string => `  - {action: Python REPL, args: {command: ${JSON.stringify(command)}}}\n`
  writeFileSync(file, `actions:\n${repl('rows = open("inputs.csv").read().split()\nlen(rows)')}${repl('rows[1]')}${repl('open("made.txt", "w").write("by the REPL")')}  - {action: Read File, args: {file_name: made.txt}}\n${repl('import os\nos._exit(3)')}${repl('rows')}  - {action: Final Answer, args: {final_answer: done}}\n`)
  const said = await desk.run('run', 'arithmetic', '--agent', 'scripted', '--agent-config', `script=${file}`, '--json')
  expect(JSON.parse(said.stdout)).toMatchObject({ status: 'finished', steps: 7 })
  const trace = await steps()
  expect(trace.map(({ observation }) => observation?.text ?? '').map((text, index) => [/7/, /'a,0'/, /11/, /by the REPL/, /lost/, /NameError/, /^$/][index]?.test(text))).toEqual([true, true, true, true, true, true, true])
  expect(surprise(await desk.run('verify', 'last'))).toBe('')
})

it('a run may add actions from a file: on the agent\'s list, made of primitives on record, refused in other runs', { timeout: 60_000 }, async () => {
  const actions = join(packageRoot(), 'test/fixtures/scripts/actions.yaml')
  const file = join(desk.folder, 'added.yaml')
  writeFileSync(file, 'actions:\n  - {action: Try Slope, args: {slope: "3", offset: "1"}}\n  - {action: Final Answer, args: {final_answer: done}}\n')
  const said = await desk.run('run', 'arithmetic', '--agent', 'scripted', '--agent-config', `script=${file}`, '--actions-module', actions, '--json')
  expect(JSON.parse(said.stdout)).toMatchObject({ status: 'finished', steps: 2 })
  expect((await steps())[0]).toMatchObject({ action: 'Try Slope', ok: true, observation: { text: expect.stringContaining('slope 3, offset 1') }, primitives: [{ name: 'Write File', ok: true }, { name: 'Read File', ok: true }] })
  expect(surprise(await desk.run('verify', 'last'))).toBe('')
  await desk.run('run', 'arithmetic', '--agent', 'scripted', '--agent-config', `script=${file}`, '--json')
  expect((await steps())[0]).toMatchObject({ ok: false, code: 'unknown_action' })
})
