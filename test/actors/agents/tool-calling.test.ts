import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCalls, readCalls } from '../../../actors/agent/tool-calling/calls.ts'
import { text } from '../../../actors/protocol.ts'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { only } from '../../host/stage.ts'
import { SPECS, actionOf, brief, promptOf } from './briefing.ts'
import type { ReadSegment } from './briefing.ts'

type Agent = Awaited<ReturnType<typeof brief>>
const call = (id: string, name: string, args: object = {}) => ({ id, name, arguments: args })
const say = (agent: Agent, reply: string, calls: readonly object[], more: object = {}) => agent.say(reply, { tool_calls: text(canonicalJson(calls)), stop_reason: 'tool_calls', ...more })

/** Every call in a prompt has its result right behind it, in order, and no result stands alone. */
function dangling(prompt: readonly ReadSegment[]): string[] {
  const out: string[] = []
  let open: string[] = []
  for (const { role, tool_calls, tool_call_id } of prompt) {
    if (role === 'tool') {
      if (open.shift() !== tool_call_id) out.push(`result ${tool_call_id ?? ''}`)
    } else {
      out.push(...open.map((id) => `call ${id}`))
      open = ((tool_calls ?? []) as Array<{ id: string }>).map(({ id }) => id)
    }
  }
  return [...out, ...open.map((id) => `call ${id}`)]
}

describe('the tool-calling agent', () => {
  it('offers every action as a tool with its schema, and asks for no text format', async () => {
    const { actor, first } = await brief('tool-calling')
    const request = only(first, 'completion.requested')
    const tools = JSON.parse(Buffer.from(await actor.blobs.get(request.tools?.ref ?? '')).toString()) as Array<{ name: string; parameters: unknown }>
    expect(tools.map(({ name }) => name)).toEqual(['list_files', 'read_file', 'write_file', 'execute_script', 'edit_script_ai', 'final_answer'])
    expect(tools.map(({ parameters }) => parameters)).toEqual(SPECS.map(({ schema }) => schema))
    expect(JSON.parse(request.settings?.text ?? '')['stop']).toBeUndefined()
    expect((await promptOf(actor, first)).map(({ role, keep }) => [role, keep])).toEqual([['system', true], ['user', true], ['user', true]])
  })

  it('carries a call out as the action it stands for, with the text beside it as the thought', async () => {
    const agent = await brief('tool-calling')
    const sent = await say(agent, 'Let me change it.', [call('a', 'edit_script_ai', { script_name: 'a.py', save_name: 'b.py', edit_instruction: 'x' })])
    expect(actionOf(sent)).toEqual(['Edit Script (AI)', { script_name: 'a.py', save_name: 'b.py', edit_instruction: 'x' }])
    expect(Buffer.from(await agent.actor.blobs.get(only(sent, 'action.requested').thought?.ref ?? '')).toString()).toBe('Let me change it.')
  })

  it('carries parallel calls out in their order, each as a step, and hands all results back at once', async () => {
    const agent = await brief('tool-calling')
    const one = await say(agent, '', [call('a', 'list_files', { dir_path: '.' }), call('b', 'read_file', { file_name: 'x' }), call('c', 'execute_script', { script_name: 'train.py' })])
    const two = await agent.observe('saw a')
    const three = await agent.observe('saw b')
    expect([one, two, three].map(actionOf)).toEqual([['List Files', { dir_path: '.' }], ['Read File', { file_name: 'x' }], ['Execute Script', { script_name: 'train.py' }]])
    expect([one, two, three].map((sent) => only(sent, 'action.requested').call)).toEqual([2, 3, 4])
    const next = await agent.observe('saw c')
    expect(only(next, 'completion.requested')).toMatchObject({ call: 5, nth: 1 })
    const prompt = await promptOf(agent.actor, next)
    expect(prompt.slice(3)).toEqual([
      { role: 'assistant', text: '', tool_calls: [call('a', 'list_files', { dir_path: '.' }), call('b', 'read_file', { file_name: 'x' }), call('c', 'execute_script', { script_name: 'train.py' })] },
      { role: 'tool', text: 'saw a', tool_call_id: 'a' }, { role: 'tool', text: 'saw b', tool_call_id: 'b' }, { role: 'tool', text: 'saw c', tool_call_id: 'c', breakpoint: true },
    ])
  })

  it('a cache breakpoint stands after every turn, and what stands before it never changes while the window does not move', async () => {
    const agent = await brief('tool-calling')
    let before: ReadSegment[] = []
    for (let n = 0; n < 5; n++) {
      await say(agent, `turn ${n}`, [call(`c${n}`, 'list_files')])
      const prompt = await promptOf(agent.actor, await agent.observe(`saw ${n}`))
      expect(prompt.slice(0, before.length)).toEqual(before)
      expect(prompt.at(-1)).toMatchObject({ text: `saw ${n}`, breakpoint: true })
      before = prompt
    }
  })

  it('calls beyond the most it may carry out are left out of the prompt, and the model is told', async () => {
    const agent = await brief('tool-calling', { max_parallel: 2 })
    await say(agent, '', ['a', 'b', 'c', 'd'].map((id) => call(id, 'list_files')))
    await agent.observe('1')
    const prompt = await promptOf(agent.actor, await agent.observe('2'))
    expect(dangling(prompt)).toEqual([])
    expect(prompt.filter(({ role }) => role === 'tool').map(({ text: words }) => words)).toEqual(['1', '2'])
    expect(prompt.at(-1)?.text).toContain('of 4 tool calls only the first 2 were carried out')
  })

  it('asks again after a reply that only talks, then spends a step on it, then gives up', async () => {
    const agent = await brief('tool-calling', { max_retries: 1, max_invalid: 2 })
    const again = await agent.say('I think I am done.')
    expect((await promptOf(agent.actor, again)).slice(-2)).toEqual([{ role: 'assistant', text: 'I think I am done.' }, { role: 'user', text: 'Your last reply called no tool, so nothing was done: call one of the tools; to finish, call final_answer.' }])
    expect(actionOf(await agent.say('Done!'))).toEqual(['', 'Done!'])
    const next = await agent.observe('There is no action in this.', { ok: false, code: 'no_action' })
    expect((await promptOf(agent.actor, next)).slice(3, 5)).toEqual([{ role: 'assistant', text: 'Done!' }, { role: 'user', text: 'There is no action in this.', breakpoint: true }])
    await agent.say('Done!')
    expect(only(await agent.say('Done!'), 'agent.gave_up').error).toMatchObject({ source: 'agent', code: 'no_valid_reply' })
  })

  it('empty replies, refusals and filtered ones leave no empty message in the prompt', async () => {
    const agent = await brief('tool-calling', { max_retries: 2 })
    await agent.fail('refusal')
    const again = await agent.say('')
    expect((await promptOf(agent.actor, again)).map(({ role }) => role)).toEqual(['system', 'user', 'user', 'user'])
    expect(actionOf(await agent.fail('content_filter'))).toEqual(['', ''])
    expect((await promptOf(agent.actor, await agent.observe('refused'))).filter(({ role }) => role === 'assistant').map(({ text: words }) => words)).toEqual(['(an empty reply)'])
  })

  it('gives up when its model cannot answer, and is silent when the run is over', async () => {
    expect(only(await (await brief('tool-calling')).fail('authentication'), 'agent.gave_up').error).toMatchObject({ code: 'authentication' })
    expect(only((await brief('tool-calling', {}, { llm: '{}' })).first, 'agent.gave_up').error).toMatchObject({ code: 'no_model' })
    const cancelled = await brief('tool-calling')
    expect(await cancelled.fail('cancelled')).toEqual([])
    const agent = await brief('tool-calling')
    await say(agent, '', [call('a', 'final_answer', { final_answer: 'x' }), call('b', 'list_files')])
    expect(await agent.observe('over', { final: true })).toEqual([])
    expect(agent.actor.state.snapshot.status).toBe('done')
  })

  it('a call that was cut off at the length limit is not carried out; alone, it is asked for again', async () => {
    const agent = await brief('tool-calling')
    await say(agent, '', [call('a', 'list_files'), call('b', 'write_file', { '': '{"file_name": "train.py", "cont' })], { stop_reason: 'length' })
    const prompt = await promptOf(agent.actor, await agent.observe('saw'))
    expect(dangling(prompt)).toEqual([])
    expect(prompt.at(-1)?.text).toContain('cut off at the length limit and not carried out')
    const again = await say(agent, '', [call('a', 'write_file', { file_name: 'train.py' })], { stop_reason: 'length' })
    expect((await promptOf(agent.actor, again)).at(-1)?.text).toContain('was cut off at its length limit before a tool call was complete')
  })

  it('arguments that only need mending are mended and that is said; others are for the environment to refuse', async () => {
    const agent = await brief('tool-calling')
    const sent = await say(agent, '', [call('a', 'list_files', { '': "{'dir_path': '.',}" }), call('b', 'read_file', { '': 'train.py' }), call('c', 'list_files', { '': '' })])
    expect(actionOf(sent)).toEqual(['List Files', { dir_path: '.' }])
    expect(only(await agent.observe('1'), 'action.requested')).toMatchObject({ name: 'Read File', arguments: { text: 'train.py' } })
    expect(actionOf(await agent.observe('2'))).toEqual(['List Files', {}])
    const prompt = await promptOf(agent.actor, await agent.observe('3'))
    expect(prompt.at(-1)?.text).toContain('in the arguments of list_files: single quotes, a trailing comma')
    expect(prompt[3]?.tool_calls).toMatchObject([{ arguments: { dir_path: '.' } }, { arguments: { '': 'train.py' } }, { arguments: {} }])
  })

  it('a tool that there is not goes to the environment under its name, and stands in the prompt under one that providers take', async () => {
    const agent = await brief('tool-calling')
    expect(actionOf(await say(agent, '', [call('a', 'delete_everything')]))[0]).toBe('delete_everything')
    await agent.observe('refused')
    expect(actionOf(await say(agent, '', [call('b', 'Edit Script (AI)')]))[0]).toBe('Edit Script (AI)')
    expect((await promptOf(agent.actor, await agent.observe('done'))).at(-2)?.tool_calls).toMatchObject([{ name: 'edit_script_ai' }])
  })

  it('calls without ids, or with the same, get ids of their own', async () => {
    const agent = await brief('tool-calling')
    await say(agent, '', [call('', 'list_files'), call('x', 'list_files'), call('x', 'list_files'), call('call_1', 'list_files')])
    for (let n = 0; n < 3; n++) await agent.observe('saw')
    const prompt = await promptOf(agent.actor, await agent.observe('saw'))
    const ids = ((prompt[3]?.tool_calls ?? []) as Array<{ id: string }>).map(({ id }) => id)
    expect([ids.length, new Set(ids).size, dangling(prompt)]).toEqual([4, 4, []])
  })

  it('the middle of a long observation is left out', async () => {
    const agent = await brief('tool-calling', { observation_limit: 200 })
    await say(agent, '', [call('a', 'list_files')])
    expect((await promptOf(agent.actor, await agent.observe(`${'a'.repeat(500)}${'b'.repeat(500)}`)))[4]?.text).toBe(`${'a'.repeat(100)}\n[... 800 characters are left out here ...]\n${'b'.repeat(100)}`)
  })

  it('when the window moves, the newer half of the turns stays, every call with its result', async () => {
    const agent = await brief('tool-calling', { max_turns_in_context: 4 })
    const shown: string[] = []
    for (let n = 1; n <= 11; n++) {
      await say(agent, `turn ${n}`, [call(`a${n}`, 'list_files'), call(`b${n}`, 'list_files')])
      await agent.observe(`a${n}`)
      const prompt = await promptOf(agent.actor, await agent.observe(`b${n}`))
      expect(dangling(prompt)).toEqual([])
      shown.push(prompt.flatMap(({ role, text: words }) => (role === 'assistant' ? [words.replace('turn ', '')] : [])).join(' '))
      expect(prompt.some(({ text: words }) => words === '[Earlier steps are no longer shown.]')).toBe(n > 4)
    }
    expect(shown).toEqual(['1', '1 2', '1 2 3', '1 2 3 4', '4 5', '4 5 6', '4 5 6 7', '7 8', '7 8 9', '7 8 9 10', '10 11'])
  })
})

describe('calls of tools', () => {
  it('any list of calls gives at most the allowed number, with ids apart and names that providers take back', () => {
    const anyCall = fc.record({ id: fc.constantFrom('', 'a', 'call_1', 'call_2', 'call_2_1'), name: fc.string(), arguments: fc.dictionary(fc.string(), fc.jsonValue()) })
    fc.assert(fc.property(fc.array(anyCall, { maxLength: 12 }), fc.boolean(), (sent, cut) => {
      const { calls } = readCalls(JSON.stringify(sent), cut, 5)
      expect(calls.length).toBe(Math.min(5, Math.max(0, sent.length - (cut ? 1 : 0))))
      expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length)
      for (const { name } of calls) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
    }))
  })

  it('what is no call is left out', () => {
    expect(['', '[]', '{}', 'null', '[1, null, {"id": "a"}]'].map(parseCalls)).toEqual([[], [], [], [], []])
  })
})
