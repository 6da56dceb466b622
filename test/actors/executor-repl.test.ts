import { describe, expect, it } from 'vitest'
import type { EventPayloads, ExecutionOutcome } from '../../schemas/generated/events.ts'
import { only, stage, types } from '../host/stage.ts'
import type { Stage } from '../host/stage.ts'

const TREE = 'a'.repeat(64)
const AFTER = 'b'.repeat(64)
const REQUEST: EventPayloads['execution.requested'] = {
  call: 4, script: '', arguments: [], tree: TREE, layers: [], limits: '{"limits":{}}', python_key: '{}', mode: 'repl', command: { text: 'x = 1\nx' }, session: 2, commands: 3,
}

async function running(request: Partial<typeof REQUEST> = {}): Promise<Stage> {
  const executor = stage('executor/8')
  await executor.receive('execution.requested', { ...REQUEST, ...request }, { from: 'environment' })
  return executor
}
const capture = async (executor: Stage, output: string) => ({ text: { ref: await executor.blobs.put(Buffer.from(output)), bytes: Buffer.byteLength(output) }, total_bytes: Buffer.byteLength(output), truncated: false })

async function ended({ out = '', err = '', request, ...outcome }: Partial<ExecutionOutcome> & { out?: string; err?: string; request?: Partial<typeof REQUEST> }) {
  const executor = await running(request)
  const execution = { reason: 'finished', exit_code: 0, signal: '', tree: AFTER, dropped: [], started: '', session: 2, fresh: false, stdout: await capture(executor, out), stderr: await capture(executor, err), ...outcome }
  const sent = await executor.receive('effect.succeeded', { effect: '', kind: 'execution', call: 4, execution }, { from: 'runner' })
  expect(types(sent)).toEqual(['execution.finished'])
  const finished = only(sent, 'execution.finished')
  return { ...finished, said: finished.observation?.text ?? '' }
}
const failure = async (code: string, message: string) => {
  const executor = await running()
  const sent = await executor.receive('effect.failed', { effect: '', kind: 'execution', call: 4, error: { source: 'system', code, message }, retryable: false }, { from: 'runner' })
  return only(sent, 'execution.finished')
}

describe('one command of a REPL', () => {
  it('is asked for once: a lost command is never repeated', async () => {
    const executor = stage('executor/8')
    const sent = await executor.receive('execution.requested', REQUEST, { from: 'environment' })
    const effect = only(sent, 'effect.requested')
    expect(effect).toMatchObject({ kind: 'execution', call: 4, max_attempts: 1, execution: { mode: 'repl', session: 2, commands: 3, tree: TREE } })
    expect(await executor.blobs.get(effect.execution?.command?.ref ?? '').then((bytes) => Buffer.from(bytes).toString())).toBe('x = 1\nx')
  })

  it('that finished says what it wrote, and nothing else', async () => {
    expect(await ended({ out: '1\n' })).toMatchObject({ call: 4, ok: true, reason: 'finished', exit_code: 0, tree: AFTER, session: 2, fresh: false, said: '1' })
    expect((await ended({})).said).toBe('The command finished and wrote nothing.')
    expect((await ended({ out: 'a\n', err: 'a warning\n' })).said).toBe('Standard output:\na\nStandard error:\na warning')
    expect((await ended({ err: 'a warning\n' })).said).toBe('Standard error:\na warning')
  })

  it('that raised shows output, then the error, and the session goes on', async () => {
    expect(await ended({ reason: 'raised', exit_code: 1, out: 'before\n', err: 'Traceback\nValueError\n' })).toMatchObject({ ok: false, session: 2, said: 'The command ended with an error.\nStandard output:\nbefore\nStandard error:\nTraceback\nValueError' })
  })

  const OVER = 'The session is over and its variables are lost; the next command starts a new one.'
  const ways: Array<[string, Partial<ExecutionOutcome>, string]> = [
    ['its time limit, heeded', { reason: 'timed_out', exit_code: 130 }, 'The command ran into its time limit and was interrupted. The session and its variables are still there.'],
    ['its time limit, not heeded', { reason: 'timed_out', exit_code: 137, signal: 'SIGKILL' }, `The command ran into its time limit, did not let itself be interrupted, and was killed. ${OVER}`],
    ['an interrupt', { reason: 'interrupted', exit_code: 130 }, 'The command was interrupted. The session and its variables are still there.'],
    ['too much output', { reason: 'output_limit', exit_code: 137, signal: 'SIGKILL' }, `The command wrote more output than it may and was killed. ${OVER}`],
    ['no memory', { reason: 'out_of_memory', exit_code: 137, signal: 'SIGKILL' }, `The command used more memory than it may and was killed. ${OVER}`],
    ['a forged answer', { reason: 'protocol_error', exit_code: 137, signal: 'SIGKILL' }, `The command disturbed the connection through which the REPL's answers come, and was killed. ${OVER}`],
    ['os._exit', { reason: 'exited', exit_code: 0 }, `The command ended the interpreter itself (exit code 0). ${OVER}`],
    ['a crash', { reason: 'exited', exit_code: 139, signal: 'SIGSEGV' }, `The command ended the interpreter itself (SIGSEGV). ${OVER}`],
    ['a reason of another version', { reason: 'eaten', exit_code: 1 }, 'The command ended: eaten.'],
  ]
  it.each(ways)('%s is said in words, with what becomes of the variables', async (_way, outcome, words) => {
    expect(await ended({ ...outcome, out: 'epoch 1\n' })).toMatchObject({ ok: false, tree: AFTER, said: `${words}\nStandard output:\nepoch 1` })
  })

  it('in a session begun anew: the agent is told first, why, and what is lost', async () => {
    const again = await ended({ fresh: true, session: 3, out: '1\n', started: 'the earlier session was killed' })
    expect(again).toMatchObject({ ok: true, session: 3, fresh: true })
    expect(again.said).toBe('The Python REPL was started anew, because the earlier session was killed. The variables and imports of the 3 earlier commands are lost; files in the workspace are not.\n1')
    expect((await ended({ fresh: true, session: 3, request: { commands: 1 } })).said).toBe('The Python REPL was started anew. The variables and imports of the earlier command are lost; files in the workspace are not.\nThe command finished and wrote nothing.')
  })

  it('the first of all begins a session without a word', async () => {
    expect(await ended({ fresh: true, session: 1, out: '1\n', request: { session: 0, commands: 0 } })).toMatchObject({ said: '1', session: 1, fresh: true })
  })

  it('lost with its worker: the tree is the one before, and nobody can have the session that is asked for next', async () => {
    const lost = await failure('lost', 'all 1 attempts were lost')
    expect(lost).toMatchObject({ reason: 'lost', ok: false, exit_code: -1, tree: TREE, session: 4 })
    expect(lost.observation?.text).toMatch(/not repeated.*variables are lost/)
    const executor = await running()
    expect(only(await executor.receive('effect.succeeded', { effect: '', kind: 'execution', call: 4 }, { from: 'runner' }), 'execution.finished')).toMatchObject({ reason: 'lost', session: 4 })
  })

  it('that was not run leaves the session as it is', async () => {
    expect(await failure('kymo_no_sandbox', 'there is none')).toMatchObject({ reason: 'lost', session: 2, tree: TREE, observation: { text: 'The command was not run: there is none' } })
    expect(await failure('cancelled', 'cancelled')).toMatchObject({ reason: 'cancelled', ok: false, session: 2 })
  })

  it('what was left out of the workspace is named, progress bars and escapes are made readable', async () => {
    expect((await ended({ out: '10%\r100%\n\u001b[31mred', dropped: ['link: symbolic link'] })).said).toBe('100%\nred\nNot kept in the workspace (only plain files and folders are): link: symbolic link')
  })
})
