import { describe, expect, it } from 'vitest'
import { only, types } from '../host/stage.ts'
import type { Sent } from '../host/stage.ts'
import { openBench } from './environment-bench.ts'
import type { Bench } from './environment-bench.ts'

const SCRIPT = 'import numpy\nrate = 0.1\nprint(rate)\n'
const BETTER = 'import numpy\nrate = 0.01\nprint(rate)\n'

/** The inner actions of everything so far: step.index name, and how it ended. */
const inner = (bench: Bench): string[] => bench.sent.flatMap((message) =>
  message.type === 'primitive.begun' ? [`${message.data.step}.${message.data.index} ${message.data.name}`] : message.type === 'primitive.finished' ? [`${message.data.step}.${message.data.index} ${message.data.ok ? 'ok' : message.data.code}`] : [])
const argumentsOf = async (bench: Bench, index: number): Promise<unknown> => {
  const begun = bench.sent.filter((message): message is Extract<Sent, { type: 'primitive.begun' }> => message.type === 'primitive.begun')[index]
  return JSON.parse(Buffer.from(await bench.environment.blobs.get(begun?.data.arguments?.ref ?? '')).toString())
}

describe('Understand File', () => {
  it('reads the whole file, lets the tool look, and answers with what it found: one step with one inner action', async () => {
    const long = 'x = 1\n'.repeat(30_000)
    const bench = await openBench({ 'train.py': long })
    const observed = await bench.act('Understand File', { file_name: './train.py', things_to_look_for: 'the model' })
    expect(observed).toMatchObject({ step: 1, ok: true, observation: { text: 'the answer of understand' } })
    expect(bench.asked).toEqual([{ tool: 'understand', args: { file_name: './train.py', things_to_look_for: 'the model' }, document: long, log: [], nth: 0 }])
    expect(types(bench.sent)).toEqual(['step.begun', 'primitive.begun', 'effect.requested', 'primitive.finished', 'tool.requested', 'observation.delivered'])
    expect(inner(bench)).toEqual(['1.1 Read File', '1.1 ok'])
    expect(bench.sent.find(({ type }) => type === 'tool.requested')?.to).toBe('llm-tool/2')
  })

  it.each([
    ['nothing.py', 'not_found', /There is no file nothing\.py/], ['../x', 'outside', /outside the workspace/], ['data.bin', 'binary', /binary file/], ['big.txt', 'too_large', /1,048,576 bytes/], ['locked', 'is_directory', /directory/],
  ])('%s is refused before a model is asked', async (file_name, code, sentence) => {
    const bench = await openBench({ 'train.py': SCRIPT, 'big.txt': 'y'.repeat(2 ** 20 + 1), 'data.bin': Buffer.from([0xff, 0xfe, 0]), 'locked/a.txt': '' })
    const observed = await bench.act('Understand File', { file_name, things_to_look_for: '' })
    expect([observed.ok, observed.code]).toEqual([false, code])
    expect(observed.observation?.text).toMatch(sentence)
    expect(bench.asked).toEqual([])
    expect(inner(bench)).toEqual(['1.1 Read File', `1.1 ${code}`])
  })

  it('an empty file is said to be empty, and nobody is paid', async () => {
    const bench = await openBench({ 'empty.txt': '' })
    expect((await bench.act('Understand File', { file_name: 'empty.txt', things_to_look_for: 'anything' })).observation?.text).toBe('The file is empty.')
    expect(bench.asked).toEqual([])
  })

  it('a tool that fails ends the step, and its reason is told', async () => {
    const bench = await openBench({ 'train.py': SCRIPT })
    bench.tools = () => ({ error: { source: 'provider', code: 'quota_exhausted', message: 'the account is empty' } })
    const observed = await bench.act('Understand File', { file_name: 'train.py', things_to_look_for: '' })
    expect(observed).toMatchObject({ ok: false, code: 'quota_exhausted' })
    expect(observed.observation?.text).toMatch(/could not be carried out: the account is empty/)
  })
})

describe('Edit Script (AI)', () => {
  it('reads, asks, writes, and shows what became of the file it overwrote', async () => {
    const bench = await openBench({ 'train.py': { content: SCRIPT, mode: 0o755 } })
    bench.tools = () => BETTER
    const observed = await bench.act('Edit Script (AI)', { script_name: 'train.py', edit_instruction: 'a smaller rate', save_name: 'train.py' })
    expect(observed.ok).toBe(true)
    expect(observed.observation?.text).toMatch(/saved to train\.py; Undo Edit Script brings/)
    expect(observed.observation?.text).toContain('--- train.py\n+++ train.py\n@@ -1,3 +1,3 @@\n import numpy\n-rate = 0.1\n+rate = 0.01\n print(rate)')
    expect(await bench.files()).toEqual({ 'train.py': BETTER })
    expect(bench.asked).toEqual([{ tool: 'edit', args: { script_name: 'train.py', edit_instruction: 'a smaller rate' }, document: SCRIPT, log: [], nth: 0 }])
    expect(inner(bench)).toEqual(['1.1 Read File', '1.1 ok', '1.2 Write File', '1.2 ok'])
    expect(only(bench.sent, 'workspace.changed')).toMatchObject({ step: 1, by: 'Edit Script (AI)', after: observed.tree })
  })

  it('the new text goes by its hash: no record repeats it', async () => {
    const bench = await openBench({ 'train.py': SCRIPT })
    bench.tools = () => BETTER
    await bench.act('Edit Script (AI)', { script_name: 'train.py', edit_instruction: 'x', save_name: 'b.py' })
    const written = await argumentsOf(bench, 1)
    expect(written).toMatchObject({ file_name: 'b.py', edit_of: 'train.py' })
    expect(JSON.stringify(written)).not.toContain('0.01')
  })

  it('under another name it leaves the script alone, and the copy keeps its mode', async () => {
    const bench = await openBench({ 'train.py': { content: SCRIPT, mode: 0o755 } })
    bench.tools = () => BETTER
    const { observation } = await bench.act('Edit Script (AI)', { script_name: 'train.py', edit_instruction: 'x', save_name: 'deep/er/better.py' })
    expect(observation?.text).toMatch(/saved as the new file deep\/er\/better\.py[^]*--- train\.py\n\+\+\+ deep\/er\/better\.py/)
    expect(await bench.files()).toEqual({ 'train.py': SCRIPT, 'deep/er/better.py': BETTER })
    expect(Buffer.from(await bench.environment.blobs.get(bench.tree())).toString()).toMatch(/^755 file .* deep\/er\/better\.py$/m)
  })

  it('undo brings back the file that was overwritten, not the script that was edited', async () => {
    const bench = await openBench({ 'train.py': SCRIPT, 'train.py_2.py': 'precious\n' })
    bench.tools = () => BETTER
    await bench.act('Edit Script (AI)', { script_name: 'train.py', edit_instruction: 'x', save_name: 'train.py_2.py' })
    expect((await bench.files())['train.py_2.py']).toBe(BETTER)
    expect(await bench.act('Undo Edit Script', { script_name: 'train.py' })).toMatchObject({ ok: false, code: 'nothing_to_undo' })
    expect((await bench.act('Undo Edit Script', { script_name: 'train.py_2.py' })).ok).toBe(true)
    expect(await bench.files()).toEqual({ 'train.py': SCRIPT, 'train.py_2.py': 'precious\n' })
  })

  it('the diff is that to the overwritten file', async () => {
    const bench = await openBench({ 'train.py': SCRIPT, 'b.py': 'other\n' })
    bench.tools = () => BETTER
    const { observation } = await bench.act('Edit Script (AI)', { script_name: 'train.py', edit_instruction: 'x', save_name: 'b.py' })
    expect(observation?.text).toContain('--- b.py\n+++ b.py\n@@ -1,1 +1,3 @@\n-other\n+import numpy\n+rate = 0.01\n+print(rate)')
  })

  it.each([
    ['a script that is not there', { script_name: 'nothing.py', save_name: 'new.py' }, 'not_found'],
    ['a read-only name', { script_name: 'train.py', save_name: 'locked/train.py' }, 'read_only'],
    ['a name outside', { script_name: 'train.py', save_name: '../train.py' }, 'outside'],
    ['a folder as the name', { script_name: 'train.py', save_name: 'sub' }, 'is_directory'],
    ['a name below a file', { script_name: 'train.py', save_name: 'train.py/x.py' }, 'not_directory'],
  ])('%s is refused before a model is paid, and nothing is written', async (_what, args, code) => {
    const bench = await openBench({ 'train.py': SCRIPT, 'sub/a.py': '' })
    const before = bench.tree()
    const observed = await bench.act('Edit Script (AI)', { edit_instruction: 'x', ...args })
    expect([observed.ok, observed.code, observed.tree]).toEqual([false, code, before])
    expect(bench.asked).toEqual([])
    expect(inner(bench)).toEqual(['1.1 Read File', `1.1 ${code}`])
  })

  it('a reply that the tool refuses changes nothing', async () => {
    const bench = await openBench({ 'train.py': SCRIPT })
    bench.tools = () => ({ error: { source: 'agent', code: 'truncated_reply', message: 'the reply was cut off' } })
    expect(await bench.act('Edit Script (AI)', { script_name: 'train.py', edit_instruction: 'x', save_name: 'train.py' })).toMatchObject({ ok: false, code: 'truncated_reply' })
    expect(await bench.files()).toEqual({ 'train.py': SCRIPT })
    expect(inner(bench)).toEqual(['1.1 Read File', '1.1 ok'])
  })

  it('an edit that changes nothing says so, and leaves nothing to undo', async () => {
    const bench = await openBench({ 'train.py': SCRIPT })
    bench.tools = () => SCRIPT
    expect((await bench.act('Edit Script (AI)', { script_name: 'train.py', edit_instruction: 'x', save_name: 'train.py' })).observation?.text).toBe('The edit changes nothing: train.py is as it was.')
    expect(await bench.act('Undo Edit Script', { script_name: 'train.py' })).toMatchObject({ code: 'nothing_to_undo' })
  })
})

describe('Edit Script Segment (AI)', () => {
  const segment = (start: unknown, end: unknown) => ({ script_name: 'train.py', edit_instruction: 'x', save_name: 'train.py', start_line_number: start, end_line_number: end })

  it.each([
    ['the first line', 1, 1, 'A\n', 'A\nrate = 0.1\nprint(rate)\n'], ['a line in the middle', 2, 2, 'A\nB\n', 'import numpy\nA\nB\nprint(rate)\n'], ['the last line', 3, 3, 'A', 'import numpy\nrate = 0.1\nA\n'],
    ['all lines', 1, 3, 'A\n', 'A\n'], ['lines that go away', 1, 2, '', 'print(rate)\n'], ['numbers as texts', '2', '3', 'A\n', 'import numpy\nA\n'], ['an empty line', 2, 2, '\n', 'import numpy\n\nprint(rate)\n'],
  ])('%s: spliced exactly, with no line more or less', async (_what, start, end, answer, expected) => {
    const bench = await openBench({ 'train.py': SCRIPT })
    bench.tools = () => answer
    expect((await bench.act('Edit Script Segment (AI)', segment(start, end))).ok).toBe(true)
    expect((await bench.files())['train.py']).toBe(expected)
    expect(bench.asked[0]).toMatchObject({ tool: 'edit_segment', document: SCRIPT, args: { start_line_number: Number(start), end_line_number: Number(end) } })
  })

  it.each([[0, 1], [-1, 2], [2, 1], [1, 4], [4, 4], [1, 1e9]])('lines %s to %s are refused before a model is paid', async (start, end) => {
    const bench = await openBench({ 'train.py': SCRIPT })
    expect(await bench.act('Edit Script Segment (AI)', segment(start, end))).toMatchObject({ ok: false, code: 'bad_range' })
    expect(bench.asked).toEqual([])
    expect(await bench.files()).toEqual({ 'train.py': SCRIPT })
  })

  it('what is no whole number is no argument', async () => {
    const bench = await openBench({ 'train.py': SCRIPT })
    for (const bad of ['one', 1.5, null]) expect(await bench.act('Edit Script Segment (AI)', segment(bad, 2))).toMatchObject({ ok: false })
    expect(bench.asked).toEqual([])
  })
})

describe('the research log', () => {
  it('summaries are added, then read by the tools that look back', async () => {
    const bench = await openBench()
    expect((await bench.act('Append Summary to Research Log', { content: 'the baseline reaches 0.5' })).observation?.text).toMatch(/it has 1 entry now/)
    await bench.act('List Files', { dir_path: '.' })
    await bench.act('Append Summary to Research Log', { content: 'dropout did not help' })
    expect((await bench.act('Reflection', { things_to_reflect_on: 'what to try next' })).observation?.text).toBe('the answer of reflect')
    expect((await bench.act('Retrieval from Research Log', { current_plan: 'more data' })).observation?.text).toBe('the answer of retrieve')
    const log = ['1: the baseline reaches 0.5', '3: dropout did not help']
    expect(bench.asked).toEqual([
      { tool: 'reflect', args: { things_to_reflect_on: 'what to try next' }, document: '', log, nth: 0 }, { tool: 'retrieve', args: { current_plan: 'more data' }, document: '', log, nth: 1 },
    ])
    expect(inner(bench)).toEqual(['1.1 Append to Research Log', '1.1 ok', '3.1 Append to Research Log', '3.1 ok', '4.1 Read Research Log', '4.1 ok', '5.1 Read Research Log', '5.1 ok'])
  })

  it('entries that an agent notes by itself are in it too, and cost no step', async () => {
    const bench = await openBench()
    expect(await bench.environment.receive('log.noted', { step: 7, note: { text: 'seen: nothing' } }, { from: 'agent' })).toEqual([])
    expect(bench.environment.context['step']).toBe(0)
    await bench.act('Reflection', { things_to_reflect_on: '' })
    expect(bench.asked[0]?.log).toEqual(['7: seen: nothing'])
  })

  it('an empty log is not shown to a model', async () => {
    const bench = await openBench()
    expect(await bench.act('Reflection', { things_to_reflect_on: 'x' })).toMatchObject({ ok: false, code: 'empty_log' })
    expect(bench.asked).toEqual([])
    expect(inner(bench)).toEqual(['1.1 Read Research Log', '1.1 empty_log'])
  })

  it('a summary of 501 characters is refused, one of 500 is not', async () => {
    const bench = await openBench()
    expect(await bench.act('Append Summary to Research Log', { content: 'x'.repeat(501) })).toMatchObject({ ok: false, code: 'bad_arguments' })
    expect(await bench.act('Append Summary to Research Log', { content: 'x'.repeat(500) })).toMatchObject({ ok: true })
    expect(bench.environment.context['log']).toMatchObject({ entries: 1 })
  })
})
