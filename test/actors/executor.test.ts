import { describe, expect, it } from 'vitest'
import type { EventPayloads, ExecutionOutcome } from '../../schemas/generated/events.ts'
import { readable } from '../../actors/executor/observation.ts'
import { only, stage, types } from '../host/stage.ts'
import type { Stage } from '../host/stage.ts'

const TREE = 'a'.repeat(64)
const AFTER = 'b'.repeat(64)
const REQUEST: EventPayloads['execution.requested'] = { call: 3, script: 'train.py', arguments: [], tree: TREE, layers: [{ mount: 'data', tree: AFTER }], limits: '{"limits":{}}', python_key: '{}' }

async function running(): Promise<Stage> {
  const executor = stage('executor/6')
  await executor.receive('execution.requested', REQUEST, { from: 'environment' })
  return executor
}
const capture = async (executor: Stage, output: string) => ({ text: { ref: await executor.blobs.put(Buffer.from(output)), bytes: Buffer.byteLength(output) }, total_bytes: Buffer.byteLength(output), truncated: false })

async function ended({ out = '', err = '', ...outcome }: Partial<ExecutionOutcome> & { out?: string; err?: string }) {
  const executor = await running()
  const execution = { reason: 'exited', exit_code: 0, signal: '', tree: AFTER, dropped: [], started: '', stdout: await capture(executor, out), stderr: await capture(executor, err), ...outcome }
  const sent = await executor.receive('effect.succeeded', { effect: '', kind: 'execution', call: 3, execution }, { from: 'runner' })
  expect(types(sent)).toEqual(['execution.finished'])
  expect(executor.state.snapshot.status).toBe('done')
  const finished = only(sent, 'execution.finished')
  return { ...finished, said: finished.observation?.text ?? '' }
}

describe('one script', () => {
  it('asks for the execution as it was requested, and gives it five attempts', async () => {
    const executor = stage('executor/6')
    const sent = await executor.receive('execution.requested', REQUEST, { from: 'environment' })
    expect(sent[0]?.to).toBe('runner')
    const { call, script, arguments: args, tree, layers, limits, python_key } = REQUEST
    expect(only(sent, 'effect.requested')).toEqual({ kind: 'execution', call, max_attempts: 5, retry_of: '', execution: { script, arguments: args, tree, layers, limits, python_key } })
  })

  it('a cancel reaches its effect; the answer is the outcome that follows', async () => {
    const executor = await running()
    const sent = await executor.receive('execution.cancel_requested', { call: 3, reason: 'max_time' }, { from: 'environment' })
    expect(only(sent, 'effect.cancel_requested')).toMatchObject({ call: 3, reason: 'max_time', effect: expect.stringMatching(/^[0-9a-f]{64}$/) })
    const done = await executor.receive('effect.failed', { effect: '', kind: 'execution', call: 3, error: { source: 'user', code: 'cancelled', message: 'cancelled' }, retryable: false }, { from: 'runner' })
    expect(only(done, 'execution.finished')).toMatchObject({ reason: 'cancelled', ok: false, tree: TREE })
  })

  it('lost for good: the tree is the one it began with, and the reason is told', async () => {
    const executor = await running()
    const sent = await executor.receive('effect.failed', { effect: '', kind: 'execution', call: 3, error: { source: 'system', code: 'lost', message: 'all 5 attempts were lost' }, retryable: false }, { from: 'runner' })
    expect(only(sent, 'execution.finished')).toMatchObject({ reason: 'lost', ok: false, exit_code: -1, tree: TREE, observation: { text: 'train.py was not run: all 5 attempts were lost' } })
  })
})

describe('what a script asked a model', () => {
  it('goes to the run\'s account once its outcome is told, and nothing goes there where nobody was asked', async () => {
    const executor = await running()
    const asked = { model: 'openai/small', input_tokens: 300, output_tokens: 40, cost_usd: 0.5 }
    const execution = { reason: 'exited', exit_code: 0, signal: '', tree: AFTER, dropped: [], started: '', stdout: await capture(executor, ''), stderr: await capture(executor, ''), asked }
    const sent = await executor.receive('effect.succeeded', { effect: '', kind: 'execution', call: 3, execution }, { from: 'runner' })
    expect(sent.map(({ type, to }) => [type, to])).toEqual([['execution.finished', 'environment'], ['usage.recorded', 'environment']])
    expect(only(sent, 'usage.recorded')).toEqual({ call: 3, role: 'script', ...asked })
  })
})

describe('what the agent reads', () => {
  it('exit 0: its standard output, and nothing of standard error', async () => {
    expect(await ended({ out: 'accuracy 0.9\n', err: 'a warning\n' })).toMatchObject({ ok: true, reason: 'exited', exit_code: 0, tree: AFTER, said: 'The script train.py finished.\nIts output:\naccuracy 0.9' })
  })
  it('exit 0 and nothing on standard output: standard error, said to be that', async () => {
    expect((await ended({ err: 'a warning\n' })).said).toBe('The script train.py finished.\nIt wrote nothing to standard output; standard error:\na warning')
    expect((await ended({})).said).toBe('The script train.py finished.\nIt wrote nothing.')
  })
  it('exit 1: standard error first, then standard output', async () => {
    expect(await ended({ exit_code: 1, out: 'epoch 1\n', err: 'Traceback\n' })).toMatchObject({ ok: false, exit_code: 1, said: 'The script train.py ended with exit code 1.\nStandard error:\nTraceback\nStandard output:\nepoch 1' })
  })
  const ways: Array<[string, Partial<ExecutionOutcome>, string]> = [
    ['a time limit', { reason: 'timed_out', exit_code: -1 }, 'ran into its time limit and was stopped'], ['no memory', { reason: 'out_of_memory', exit_code: 137 }, 'used more memory than it may and was stopped'],
    ['too much output', { reason: 'output_limit', exit_code: -1 }, 'wrote more output than it may and was stopped'], ['a signal', { reason: 'signalled', signal: 'SIGSEGV', exit_code: -1 }, 'was ended by SIGSEGV'],
    ['a cancel', { reason: 'cancelled', exit_code: -1 }, 'was cancelled'], ['a loss', { reason: 'lost', exit_code: -1 }, 'was lost together with the machine it ran on'], ['a reason of another version', { reason: 'eaten', exit_code: -1 }, 'ended: eaten'],
  ]
  it.each(ways)('%s is said in words, with what was written until then', async (_way, outcome, words) => {
    const { ok, said, reason } = await ended({ ...outcome, out: 'epoch 1\n' })
    expect([ok, reason]).toEqual([false, outcome.reason])
    expect(said).toBe(`The script train.py ${words}.\nStandard output:\nepoch 1`)
  })
  it('long output keeps its head and its tail and says what is left out', async () => {
    const { said } = await ended({ out: `first\n${'x'.repeat(100_000)}\nlast` })
    expect(said).toMatch(/first\n/)
    expect(said).toMatch(/last$/)
    expect(said).toContain('[... 80011 characters left out ...]')
    expect(said.length).toBeLessThan(21_000)
  })
  it('a long traceback does not push out the output, nor the other way round', async () => {
    const { said } = await ended({ exit_code: 1, err: `${'e'.repeat(50_000)}END OF ERROR`, out: `${'o'.repeat(50_000)}END OF OUTPUT` })
    expect(said).toContain('END OF ERROR')
    expect(said).toContain('END OF OUTPUT')
  })
  it('what the workspace did not keep is named', async () => {
    expect((await ended({ dropped: ['link -> /etc/passwd (link)'] })).said).toContain('Not kept in the workspace (only plain files and folders are): link -> /etc/passwd (link)')
  })
  it('an outcome that says nothing is a lost one', async () => {
    const executor = await running()
    expect(only(await executor.receive('effect.succeeded', { effect: '', kind: 'execution', call: 3 }, { from: 'runner' }), 'execution.finished')).toMatchObject({ reason: 'lost', ok: false, tree: TREE })
  })
})

describe('output made readable', () => {
  const cases: Array<[string, string, string]> = [
    ['a progress bar leaves its last state', ' 10%\r 50%\r100%\ndone\n', '100%\ndone\n'], ['a bar that ends in a return keeps what it showed', 'epoch 1\r', 'epoch 1'], ['a bar of a million updates is one line', `${'working\r'.repeat(100_000)}ok`, 'ok'],
    ['Windows line ends are line ends', 'a\r\nb\r\r\nc', 'a\nb\nc'], ['colours vanish', '\u001b[31mred\u001b[0m \u001b[1;38;5;200mbold', 'red bold'], ['cursor movements vanish', 'a\u001b[2K\u001b[1Gb', 'ab'],
    ['NUL and bells are visible and harmless', 'a\u0000b\u0007', 'a\ufffdb\ufffd'], ['a bare escape is too', '\u001bXx', '\ufffdXx'], ['tabs and unicode stay', '\ta é 中 😀\n', '\ta é 中 😀\n'],
  ]
  it.each(cases)('%s', (_what, raw, shown) => {
    expect(readable(raw)).toBe(shown)
  })
  it('nothing that steers a terminal is left, whatever was written', async () => {
    const all = Array.from({ length: 256 }, (_, code) => `${String.fromCharCode(code)}[31m`).join('')
    // eslint-disable-next-line no-control-regex
    expect(readable(all)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
  })
})
