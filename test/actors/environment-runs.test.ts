import { describe, expect, it } from 'vitest'
import { text } from '../../actors/protocol.ts'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import { sha256Hex } from '../../schemas/hash.ts'
import { only, stage, types } from '../host/stage.ts'
import { ALL_ACTIONS, openBench } from './environment-bench.ts'
import type { Bench } from './environment-bench.ts'

const LIMITS = { max_steps: 0, max_time_ms: 0, max_tokens: 0, max_cost_usd: 0 }
const usage = (tokens: number, cost_usd = 0) => ({ call: 1, role: 'model', model: 'm', input_tokens: tokens, output_tokens: 0, cost_usd })
const use = (bench: Bench, tokens: number, cost = 0, from = 'llm-tool/3') => bench.environment.receive('usage.recorded', usage(tokens, cost), { from })
const scored = (bench: Bench) => bench.environment.receive('score.recorded', { call: 1, step: 1, final: true }, { from: 'evaluator' })

describe('what an agent is told it may do', () => {
  it('is the run\'s own list, with everything that a prompt or a tool definition needs', async () => {
    const environment = stage('environment')
    const sent = await environment.receive('run.started', {
      task: 't', profile: 'small', agent: 'a', agent_config: '{}', tree: '', layers: [], read_only: [], seed: 0, entry: '', script_limits: '{}', llm: '{"model":{}}', python_key: '', limits: LIMITS, actions: ['Final Answer', 'Edit Script Segment (AI)', 'Request Help', 'No Such Thing'],
    })
    const { actions, specs, llm } = only(sent, 'agent.briefed')
    expect(actions).toEqual(['Final Answer', 'Edit Script Segment (AI)'])
    expect(llm).toBe('{"model":{}}')
    expect(JSON.parse(specs?.text ?? '')).toEqual([
      { name: 'Final Answer', description: expect.any(String), returns: expect.any(String), primitive: true, arguments: { final_answer: expect.any(String) }, schema: { type: 'object', properties: { final_answer: { type: 'string', description: expect.any(String) } }, required: ['final_answer'], additionalProperties: false } },
      {
        name: 'Edit Script Segment (AI)', description: expect.any(String), returns: expect.any(String), primitive: false,
        arguments: { script_name: expect.any(String), start_line_number: expect.any(String), end_line_number: expect.any(String), edit_instruction: expect.any(String), save_name: expect.any(String) },
        schema: {
          type: 'object', additionalProperties: false, required: ['script_name', 'start_line_number', 'end_line_number', 'edit_instruction', 'save_name'],
          properties: {
            script_name: { type: 'string', description: expect.any(String) }, start_line_number: { type: 'integer', description: expect.any(String) }, end_line_number: { type: 'integer', description: expect.any(String) },
            edit_instruction: { type: 'string', minLength: 1, description: expect.any(String) }, save_name: { type: 'string', minLength: 1, description: expect.any(String) },
          },
        },
      },
    ])
  })

  it.each(ALL_ACTIONS.filter((name) => name !== 'List Files'))('%s is refused, not merely unlisted, where it is not on the list', async (name) => {
    const bench = await openBench({ 'train.py': '1\n' }, { actions: ['List Files'] })
    const observed = await bench.act(name, { file_name: 'train.py', final_answer: 'x' })
    expect(observed).toMatchObject({ ok: false, code: 'unknown_action', observation: { text: `There is no action "${name}". The actions are: List Files.` } })
    expect(types(bench.sent)).toEqual(['step.begun', 'observation.delivered'])
  })

  it('a name that is cut inside a character is recorded as text all the same', async () => {
    const bench = await openBench()
    await bench.act(`x${'\u{1f600}'.repeat(200)}`, {})
    expect(only(bench.sent, 'step.begun').name).toHaveLength(200)
  })

  it('a reply that names no action is answered with what one looks like', async () => {
    const bench = await openBench({}, { actions: ['List Files', 'Final Answer'] })
    const observed = await bench.act('', 'I think I am done.')
    expect(observed).toMatchObject({ step: 1, ok: false, code: 'no_action' })
    expect(observed.observation?.text).toMatch(/names no action.*exactly one action.*List Files with the arguments \{"dir_path":".*The actions are: List Files, Final Answer/)
  })
})

describe('Request Help', () => {
  it('asks the person, and the answer is the observation', async () => {
    const bench = await openBench()
    bench.person = (prompt) => `you asked: ${prompt}`
    expect(await bench.act('Request Help', { request: 'which metric?' })).toMatchObject({ ok: true, observation: { text: 'you asked: which metric?' } })
    expect(only(bench.sent, 'effect.requested')).toMatchObject({ kind: 'human', human: { what: 'help', prompt: { text: 'which metric?' } } })
  })

  it('where nobody answers, it says so', async () => {
    const bench = await openBench()
    bench.person = () => undefined
    expect(await bench.act('Request Help', { request: 'hello?' })).toMatchObject({ ok: false, code: 'nobody_there' })
  })

  it('is no action of a run without a person', async () => {
    const bench = await openBench({}, { interactive: false })
    expect(await bench.act('Request Help', { request: 'hello?' })).toMatchObject({ ok: false, code: 'unknown_action' })
  })

  it('a question that is open when the run ends is taken back and waited for', async () => {
    const bench = await openBench()
    const asked = await bench.ask('Request Help', { request: 'hello?' })
    const end = await bench.environment.receive('run.cancel_requested', { reason: 'enough' })
    expect(types(end)).toEqual(expect.arrayContaining(['effect.cancel_requested']))
    bench.person = () => undefined
    const waiting = asked.find(({ type }) => type === 'effect.requested')
    if (waiting === undefined) throw new Error('nothing was asked')
    expect(types(await bench.answer(waiting))).toEqual(['observation.delivered', 'run.finished'])
  })
})

describe('the Python REPL', () => {
  it('a command goes to an executor with the session it belongs to, and its tree is adopted', async () => {
    const bench = await openBench({ 'a.py': '1\n' })
    const asked: unknown[] = []
    const after = await bench.environment.blobs.put(Buffer.from(''))
    bench.executes = ({ mode, command, session, commands, script }) => {
      asked.push({ mode, command: command?.text, session, commands, script })
      return { tree: after, session: asked.length < 3 ? 4 : 5, fresh: asked.length !== 2, observation: text('3') }
    }
    expect(await bench.act('Python REPL', { command: 'x = 3\nx' })).toMatchObject({ ok: true, tree: after, observation: { text: '3' } })
    await bench.act('Python REPL', { command: 'x' })
    await bench.act('Python REPL', { command: 'y' })
    await bench.act('Python REPL', { command: 'z' })
    expect(asked).toEqual([
      { mode: 'repl', command: 'x = 3\nx', session: 0, commands: 0, script: '' }, { mode: 'repl', command: 'x', session: 4, commands: 1, script: '' }, { mode: 'repl', command: 'y', session: 4, commands: 2, script: '' }, { mode: 'repl', command: 'z', session: 5, commands: 1, script: '' },
    ])
  })

  it('a command that was not run counts for nothing; one that was lost gives its session up', async () => {
    const bench = await openBench()
    const asked: unknown[] = []
    const ends = [{ session: 1, fresh: true }, { reason: 'lost', ok: false, session: 1 }, { reason: 'lost', ok: false, session: 3 }, {}]
    bench.executes = ({ session, commands, tree }) => {
      asked.push([session, commands])
      return { tree, ...ends[asked.length - 1] }
    }
    for (const command of ['a', 'b', 'c', 'd']) await bench.act('Python REPL', { command })
    expect(asked).toEqual([[0, 0], [1, 1], [1, 1], [3, 2]])
  })

  it('a command that runs when the run ends is cancelled and waited for', async () => {
    const bench = await openBench()
    const asked = await bench.ask('Python REPL', { command: 'while True: pass' })
    const end = await bench.environment.receive('run.cancel_requested', { reason: 'enough' })
    expect(only(end, 'execution.cancel_requested')).toMatchObject({ call: 1 })
    expect(end.find(({ type }) => type === 'execution.cancel_requested')?.to).toBe(asked.find(({ type }) => type === 'execution.requested')?.to)
  })
})

describe('an action may begin from an earlier workspace', () => {
  const write = (bench: Bench, content: string, base = '') => bench.act('Write File', { file_name: 'a.py', content }, base === '' ? {} : { base })

  it('the workspace moves there first, and so does what undo knows', async () => {
    const bench = await openBench({ 'a.py': 'start\n' })
    const start = bench.tree()
    const one = await write(bench, 'one\n')
    const two = await write(bench, 'two\n')
    bench.sent.length = 0
    const other = await write(bench, 'other\n', one.tree)
    expect(bench.sent.filter(({ type }) => type === 'workspace.changed').map(({ data }) => data)).toEqual([
      { step: 3, before: two.tree, after: one.tree, by: 'branch' }, { step: 3, before: one.tree, after: other.tree, by: 'Write File' },
    ])
    await bench.act('Undo Edit Script', { script_name: 'a.py' })
    expect(await bench.files()).toEqual({ 'a.py': 'one\n' })
    await bench.act('Undo Edit Script', { script_name: 'a.py' })
    expect(bench.tree()).toBe(start)
    await bench.act('Undo Edit Script', { script_name: 'a.py' }, { base: two.tree })
    expect(bench.tree()).toBe(one.tree)
    expect(await bench.act('Undo Edit Script', { script_name: 'a.py' }, { base: start })).toMatchObject({ ok: false, code: 'nothing_to_undo', tree: start })
  })

  it('Final Answer may submit one', async () => {
    const bench = await openBench({ 'a.py': 'start\n' })
    const one = await write(bench, 'one\n')
    await write(bench, 'two\n')
    const sent = await bench.ask('Final Answer', { final_answer: 'the first was best' }, { base: one.tree })
    expect(only(sent, 'grading.requested').tree).toBe(one.tree)
    expect(only(await scored(bench), 'run.finished')).toMatchObject({ status: 'finished', tree: one.tree })
  })

  it.each([['a tree of nowhere', 'f'.repeat(64)], ['no hash at all', '../..']])('%s is refused, and the workspace stays', async (_what, base) => {
    const bench = await openBench({ 'a.py': 'start\n' })
    await write(bench, 'one\n')
    const before = bench.tree()
    const observed = await write(bench, 'two\n', base)
    expect(observed).toMatchObject({ ok: false, code: 'unknown_base', tree: before })
    expect(observed.observation?.text).toMatch(/this run never had/)
  })

  it('bad arguments move nothing', async () => {
    const bench = await openBench({ 'a.py': 'start\n' })
    const start = bench.tree()
    const one = await write(bench, 'one\n')
    expect(await bench.act('Write File', {}, { base: start })).toMatchObject({ ok: false, code: 'bad_arguments', tree: one.tree })
  })

  it('is found far back', async () => {
    const bench = await openBench({ 'a.py': 'start\n' })
    const first = await write(bench, 'first\n')
    for (let n = 0; n < 300; n++) await write(bench, `${n}\n`)
    expect((await bench.act('Read File', { file_name: 'a.py' }, { base: first.tree })).observation?.text).toBe('first\n')
  })
})

describe('tokens and money', () => {
  it.each([
    ['tokens', { max_tokens: 100 }, [[60, 0], [40, 0]], 'max_tokens'], ['money', { max_cost_usd: 0.5 }, [[1, 0.25], [1, 0.25]], 'max_cost'],
  ])('%s used up end the run cleanly, whoever used them', async (_what, limits, uses, code) => {
    const bench = await openBench({}, { limits: { ...LIMITS, ...limits } })
    expect(await use(bench, uses[0]?.[0] ?? 0, uses[0]?.[1] ?? 0)).toEqual([])
    const end = await use(bench, uses[1]?.[0] ?? 0, uses[1]?.[1] ?? 0, 'llm-tool/4/1')
    expect(only(end, 'grading.requested').final).toBe(true)
    expect(only(await scored(bench), 'run.finished')).toMatchObject({ status: 'limit-reached', error: { source: 'user', code } })
  })

  it('without a limit they are only summed', async () => {
    const bench = await openBench()
    for (let n = 0; n < 5; n++) expect(await use(bench, 1e9, 1e6)).toEqual([])
    expect(bench.environment.context['usage']).toMatchObject({ tokens: 5e9, costUsd: 5e6 })
  })

  it('used up while a tool works: the tool is told, its answer waited for, and the action ends there', async () => {
    const bench = await openBench({ 'a.py': 'x\n' }, { limits: { ...LIMITS, max_tokens: 10 } })
    const begun = await bench.ask('Edit Script (AI)', { script_name: 'a.py', edit_instruction: 'x', save_name: 'a.py' })
    const read = begun.find(({ type }) => type === 'effect.requested')
    if (read === undefined) throw new Error('nothing was read')
    const asked = (await bench.answer(read)).find(({ type }) => type === 'tool.requested')
    if (asked === undefined) throw new Error('no tool was asked')
    const over = await use(bench, 10)
    expect(over.map(({ type, to }) => [type, to])).toContainEqual(['tool.cancel_requested', 'llm-tool/2'])
    bench.tools = () => 'y\n'
    const end = await bench.answer(asked)
    expect(end.map(({ type, to }) => [type, to])).toEqual([['observation.delivered', ''], ['grading.requested', 'evaluator']])
    expect(only(end, 'observation.delivered')).toMatchObject({ ok: false, code: 'run_over', final: true })
    expect(await bench.files()).toEqual({ 'a.py': 'x\n' })
  })

  it('used up while a file action runs: it is finished, and nothing more is begun', async () => {
    const bench = await openBench({ 'a.py': 'x\n' }, { limits: { ...LIMITS, max_tokens: 10 } })
    const begun = await bench.ask('Understand File', { file_name: 'a.py', things_to_look_for: 'x' })
    await use(bench, 10)
    const read = begun.find(({ type }) => type === 'effect.requested')
    if (read === undefined) throw new Error('nothing was read')
    expect(types(await bench.answer(read))).toEqual(['primitive.finished', 'observation.delivered', 'grading.requested'])
  })
})

describe('an agent that gives up', () => {
  it('ends the run as failed with its reason, and what there is gets graded', async () => {
    const bench = await openBench()
    const end = await bench.environment.receive('agent.gave_up', { error: { source: 'provider', code: 'authentication', message: 'the key is wrong' } }, { from: 'agent' })
    expect(only(end, 'grading.requested').final).toBe(true)
    expect(only(await scored(bench), 'run.finished')).toMatchObject({ status: 'failed', error: { source: 'provider', code: 'authentication', message: 'the key is wrong' } })
  })

  it('after the end it changes nothing', async () => {
    const bench = await openBench()
    await bench.ask('Final Answer', { final_answer: '' })
    expect(await bench.environment.receive('agent.gave_up', {}, { from: 'agent' })).toEqual([])
    expect(only(await scored(bench), 'run.finished').status).toBe('finished')
  })
})

describe('whoever carries a piece out and cannot go on', () => {
  it('is not waited for, and what it had begun is closed in the record', async () => {
    const bench = await openBench({ 'a.py': 'x\n' })
    const begun = await bench.ask('Understand File', { file_name: 'a.py', things_to_look_for: 'x' })
    await bench.answer(begun.find(({ type }) => type === 'effect.requested') ?? begun[0] as never)
    const end = await bench.environment.receive('actor.faulted', { actor: 'llm-tool/2/1', cause_seq: 3, message: 'broken' }, { from: 'llm-tool/2/1' })
    expect(types(end)).toEqual(['timer.cancelled', 'grading.requested'])
    expect(only(await scored(bench), 'run.finished')).toMatchObject({ status: 'failed', error: { code: 'actor_faulted' } })
  })
})

describe('actions that a task or a run adds', () => {
  const TEST_IT = {
    name: 'Test It', description: 'Writes a test and runs it.', arguments: { code: 'the test', size: 'how large' }, returns: 'what the test said',
    does: [{ action: 'Write File', args: { file_name: 'test.py', content: '{{code}}\n' } }, { action: 'Execute Script', args: { script_name: './test.py' }, arguments: ['--size', '{{ size }}'] }],
  }
  const withAdded = async (added: object[], files: Readonly<Record<string, string>> = {}): Promise<Bench> => {
    const json = Buffer.from(canonicalJson(added))
    const ref = sha256Hex(json)
    return openBench(files, { actions: [...ALL_ACTIONS, ...added.map((action) => (action as { name: string }).name)], more_actions: { ref, bytes: json.length } }, { [ref]: json })
  }

  it('are told like any other, and become their primitives, each recorded', async () => {
    const bench = await withAdded([TEST_IT])
    const executed: unknown[] = []
    bench.executes = ({ script, arguments: args, tree }) => {
      executed.push({ script, args })
      return { tree, observation: text('all good') }
    }
    const observed = await bench.act('Test It', { code: 'print("{{size}}")', size: 3 })
    expect(observed).toMatchObject({ step: 1, ok: true })
    expect(observed.observation?.text).toMatch(/^\[1\] Write File:\nThe file test\.py was created.*\n\n\[2\] Execute Script:\nall good$/)
    expect(await bench.files()).toEqual({ 'test.py': 'print("{{size}}")\n' })
    expect(executed).toEqual([{ script: 'test.py', args: ['--size', '3'] }])
    expect(types(bench.sent)).toEqual(['step.begun', 'primitive.begun', 'effect.requested', 'primitive.finished', 'workspace.changed', 'primitive.begun', 'execution.requested', 'primitive.finished', 'observation.delivered'])
    expect(bench.sent.find(({ type }) => type === 'execution.requested')?.to).toBe('executor/2/2')
  })

  it('end with the first primitive that fails', async () => {
    const bench = await withAdded([{ ...TEST_IT, does: [{ action: 'Read File', args: { file_name: '{{code}}' } }, ...TEST_IT.does] }])
    const observed = await bench.act('Test It', { code: 'nothing.txt', size: 3 })
    expect(observed).toMatchObject({ ok: false, code: 'not_found' })
    expect(types(bench.sent)).toEqual(['step.begun', 'primitive.begun', 'effect.requested', 'primitive.finished', 'observation.delivered'])
  })

  it('cannot be made to leave the workspace', async () => {
    const bench = await withAdded([{ ...TEST_IT, does: [{ action: 'Execute Script', args: { script_name: '{{code}}' } }] }])
    const observed = await bench.act('Test It', { code: '../../bin/x.py', size: 1 })
    expect(observed).toMatchObject({ ok: false, code: 'outside' })
    expect(types(bench.sent)).toEqual(['step.begun', 'primitive.begun', 'primitive.finished', 'observation.delivered'])
  })

  it('want their own arguments, and none besides', async () => {
    const bench = await withAdded([TEST_IT])
    for (const args of [{}, { code: 'x' }, { code: 'x', size: 1, more: 2 }, { code: ['x'], size: 1 }]) expect(await bench.act('Test It', args)).toMatchObject({ ok: false, code: 'bad_arguments' })
  })

  it('are refused where they are not on the run\'s list', async () => {
    const json = Buffer.from(canonicalJson([TEST_IT]))
    const ref = sha256Hex(json)
    const other = await openBench({}, { actions: ['List Files'], more_actions: { ref, bytes: json.length } }, { [ref]: json })
    expect(await other.act('Test It', { code: 'x', size: 1 })).toMatchObject({ ok: false, code: 'unknown_action' })
  })

  it('are briefed with a schema of texts', async () => {
    const json = Buffer.from(canonicalJson([TEST_IT]))
    const environment = stage('environment')
    const ref = await environment.blobs.put(json)
    const sent = await environment.receive('run.started', {
      task: 't', profile: 'small', agent: 'a', agent_config: '{}', tree: '', layers: [], read_only: [], seed: 0, entry: '', script_limits: '{}', llm: '{}', python_key: '', limits: LIMITS, actions: ['Test It'], more_actions: { ref, bytes: json.length },
    })
    expect(JSON.parse(only(sent, 'agent.briefed').specs?.text ?? '')).toEqual([{
      name: 'Test It', description: TEST_IT.description, returns: TEST_IT.returns, primitive: false, arguments: TEST_IT.arguments,
      schema: { type: 'object', properties: { code: { type: 'string', description: 'the test' }, size: { type: 'string', description: 'how large' } }, required: ['code', 'size'], additionalProperties: false },
    }])
  })
})
