import { describe, expect, it } from 'vitest'
import { AGENTS } from '../../../actors/index.ts'
import { ELIDED } from '../../../actors/agent/text-format/index.ts'
import { only, types } from '../../host/stage.ts'
import { LLM, SPECS, actionOf, brief, promptOf, promptText } from './briefing.ts'

const reply = (n: number, action = 'List Files', input: object = { dir_path: '.' }): string =>
  `Reflection: reflection ${n}\nResearch Plan and Status: **plan ${n}** old\nFact Check: check ${n}\nThought: thought ${n}\nAction: ${action}\nAction Input: ${JSON.stringify(input)}`

describe('the research agent', () => {
  it('asks its model with who it is, what it may do, nine rules, the form of a reply, and the problem, in this order', async () => {
    const { actor, first } = await brief('research')
    expect(first.map(({ type, to }) => [type, to])).toEqual([['completion.requested', 'llm-tool/3']])
    expect(only(first, 'completion.requested')).toMatchObject({ call: 1, role: 'model', nth: 0 })
    expect(JSON.parse(only(first, 'completion.requested').settings?.text ?? '')).toMatchObject({ provider: 'scripted', model: 'large', stop: ['\nObservation:'] })
    const [system, lead, problem, question, ...more] = await promptOf(actor, first)
    expect(more).toEqual([])
    expect(system).toMatchObject({ role: 'system', keep: true })
    for (const { name } of SPECS) expect(system?.text).toContain(`### ${name}\n`)
    expect(system?.text.match(/^\d\. /gm)).toHaveLength(9)
    const order = ['### List Files', '1. Plan before you act', '\nReflection: [', '\nResearch Plan and Status: [', '\nFact Check: [', '\nThought: [', '\nAction: [', '\nAction Input: ['].map((part) => system?.text.indexOf(part) ?? -1)
    expect(order).toEqual([...order].sort((a, b) => a - b))
    expect(order[0]).toBeGreaterThan(0)
    expect(lead).toMatchObject({ role: 'user', keep: true })
    expect(problem).toEqual({ role: 'user', text: 'Make the classifier better.', keep: true, breakpoint: true })
    expect(system?.text).toContain('at most 50 steps')
    expect(question?.text).toBe('Nothing has been done and nothing is known yet. Begin with your first reply.')
  })

  it('takes the action of a reply, and the reply as the thought, by the hash it has', async () => {
    const { say, actor } = await brief('research')
    const sent = await say(reply(1, 'Edit Script (AI)', { save_name: 'b.py', script_name: 'a.py', edit_instruction: 'x' }))
    expect(actionOf(sent)).toEqual(['Edit Script (AI)', { save_name: 'b.py', script_name: 'a.py', edit_instruction: 'x' }])
    expect(only(sent, 'action.requested')).toMatchObject({ call: 2, base: '' })
    const thought = Buffer.from(await actor.blobs.get(only(sent, 'action.requested').thought?.ref ?? '')).toString()
    expect(thought).toMatch(/^Reflection: reflection 1[^]*Thought: thought 1\nAction: Edit Script/)
    // The reply is a blob already: of the reaction's own blobs there are the arguments and nothing else.
    expect(actor.reactions.at(-1)?.blobs.map(({ data }) => Buffer.from(data).toString())).toEqual([only(sent, 'action.requested').arguments?.text])
  })

  it('sees its last three steps, each as the reply and its observation', async () => {
    const { say, observe, actor } = await brief('research')
    let sent = await say(reply(1))
    for (let n = 1; n <= 4; n++) {
      sent = await observe(`saw ${n}`)
      if (n < 4) await say(reply(n + 1))
    }
    const prompt = await promptOf(actor, sent)
    expect(prompt.slice(3).map(({ role, text }) => [role, text.replace(/\n.*/s, '')])).toEqual([
      ...[2, 3, 4].flatMap((n) => [['assistant', `Reflection: reflection ${n}`], ['user', 'Observation:'], ['user', `saw ${n}`]]),
    ])
  })

  it('is told when its steps run out, unless it is not to know', async () => {
    for (const tell_steps of [true, false]) {
      const { first, say, observe, actor } = await brief('research', { tell_steps }, { limits: { max_steps: 7, max_time_ms: 0, max_tokens: 0, max_cost_usd: 0 } })
      expect((await promptText(actor, first)).includes('at most 7 steps')).toBe(tell_steps)
      const ends: string[] = []
      for (let n = 1; n < 7; n++) {
        await say(reply(n))
        ends.push((await promptOf(actor, await observe('saw'))).at(-1)?.text ?? '')
      }
      expect(ends).toEqual(tell_steps ? ['saw', 'You have 5 steps left.', 'You have 4 steps left.', 'You have 3 steps left.', 'You have 2 steps left.', 'This is your last step.'] : Array(6).fill('saw'))
    }
  })

  it('leaves the older observations out when it is told to', async () => {
    const { say, observe, actor } = await brief('research', { max_observation_steps_in_context: 1 })
    await say(reply(1))
    await observe('saw 1')
    await say(reply(2))
    const prompt = (await promptOf(actor, await observe('saw 2'))).map(({ text }) => text)
    expect(prompt).toContain('saw 2')
    expect(prompt).toContain(ELIDED)
    expect(prompt).not.toContain('saw 1')
  })

  it('carries the plan forward beyond the window, without the marks of what was new', async () => {
    const { say, observe, actor } = await brief('research', { max_steps_in_context: 2, strict_entries: false })
    await say(reply(1))
    const sent = [await observe('saw')]
    for (let n = 2; n <= 4; n++) {
      await say(reply(n).replace(/Research Plan.*\n/, ''))
      sent.push(await observe('saw'))
    }
    const prompts = await Promise.all(sent.map((one) => promptText(actor, one)))
    expect(prompts.map((prompt) => prompt.split('plan 1').length - 1)).toEqual([1, 1, 1, 1])
    expect(prompts.map((prompt) => prompt.includes('Your Research Plan and Status as of step 1:\nplan 1 old'))).toEqual([false, false, true, true])
    expect((await promptOf(actor, sent[3] ?? [])).find(({ text }) => text.includes('as of step 1'))).toMatchObject({ role: 'user', keep: true })
  })

  it('asks again after a reply that cannot be used, says what was wrong, and costs no step', async () => {
    const { say, actor } = await brief('research')
    const again = await say('Reflection: I forgot the rest')
    expect(types(again)).toEqual(['completion.requested'])
    expect(only(again, 'completion.requested')).toMatchObject({ nth: 1, call: 2 })
    const prompt = await promptOf(actor, again)
    expect(prompt.at(-2)).toMatchObject({ role: 'assistant', text: 'Reflection: I forgot the rest' })
    expect(prompt.at(-1)?.text).toMatch(/could not be used: there is no Action.*"Reflection:", "Research Plan and Status:".*"Action Input:"/s)
    expect(types(await say(reply(1)))).toEqual(['action.requested'])
  })

  it('a reply without one of the entries is asked for again, and taken when asking does not help', async () => {
    const incomplete = reply(1).replace(/Fact Check.*\n/, '')
    const { say, actor } = await brief('research', { max_retries: 1 })
    expect((await promptOf(actor, await say(incomplete))).at(-1)?.text).toContain('"Fact Check:" is missing')
    expect(actionOf(await say(incomplete))[0]).toBe('List Files')
    // It has an action, so it does not count among those that end the run.
    expect(actionOf(await (await brief('research', { max_retries: 0, max_invalid: 1 })).say(incomplete))[0]).toBe('List Files')
    const relaxed = await brief('research', { strict_entries: false })
    expect(actionOf(await relaxed.say(incomplete))[0]).toBe('List Files')
  })

  it('out of re-prompts a step is spent without an action; after three of them in a row it gives up', async () => {
    const { say, observe, actor } = await brief('research', { max_retries: 2 })
    for (let n = 0; n < 2; n++) {
      expect([types(await say('hm')), types(await say('hm'))]).toEqual([['completion.requested'], ['completion.requested']])
      expect(actionOf(await say(`${'x'.repeat(5000)} the end`))).toEqual(['', `${'x'.repeat(992)} the end`])
      const next = await observe('There is no action "".', { ok: false, code: 'no_action' })
      expect((await promptText(actor, next)).includes('There is no action "".')).toBe(true)
    }
    await say('hm')
    await say('hm')
    const last = await say('hm')
    expect(only(last, 'agent.gave_up').error).toMatchObject({ source: 'agent', code: 'no_valid_reply' })
    expect(actor.state.snapshot.status).toBe('done')
  })

  it('a reply with an action in between begins the count of lost steps anew', async () => {
    const { say, observe } = await brief('research', { max_retries: 0, max_invalid: 2 })
    for (let n = 0; n < 4; n++) {
      expect(actionOf(await say(n % 2 === 0 ? 'hm' : reply(n)))[0]).toBe(n % 2 === 0 ? '' : 'List Files')
      await observe('so')
    }
  })

  it('an empty reply, a refusal and a filtered reply are replies that cannot be used', async () => {
    const { say, fail, actor } = await brief('research')
    const prompts = [await say(''), await fail('refusal'), await fail('content_filter')]
    expect(await Promise.all(prompts.map(async (sent) => (await promptOf(actor, sent)).at(-1)?.text.slice(0, 60)))).toEqual([
      'Your last reply could not be used: the reply is empty. Nothi', 'Your last reply could not be used: it was a refusal. Nothing', 'Your last reply could not be used: the provider filtered it ',
    ])
    // No empty message of the model stands in the prompt.
    expect((await promptOf(actor, prompts[2] ?? [])).some(({ role }) => role === 'assistant')).toBe(false)
  })

  it('gives up with the reason when its model cannot answer', async () => {
    for (const code of ['authentication', 'quota_exhausted', 'context_overflow', 'rate_limited', 'no_key']) {
      const { fail, actor } = await brief('research')
      expect(only(await fail(code), 'agent.gave_up').error).toEqual({ source: 'provider', code, message: `it was ${code}` })
      expect(actor.state.snapshot.status).toBe('done')
    }
  })

  it('without a model it says how to give it one', async () => {
    const { first } = await brief('research', {}, { llm: '{}' })
    expect(only(first, 'agent.gave_up').error).toMatchObject({ source: 'user', code: 'no_model' })
  })

  it('is done, silently, when the run is over', async () => {
    const one = await brief('research')
    await one.say(reply(1))
    expect(await one.observe('graded', { final: true })).toEqual([])
    expect(one.actor.state.snapshot.status).toBe('done')
    const other = await brief('research')
    expect(await other.fail('cancelled')).toEqual([])
    expect(other.actor.state.snapshot.status).toBe('done')
  })

  it('what was mended in its reply is told to it beside the observation', async () => {
    const { say, observe, actor } = await brief('research')
    await say(`${reply(1)}\nObservation: all files\nThought: good\nAction: Final Answer\nAction Input: {"final_answer": "x"}`)
    const prompt = await promptText(actor, await observe('saw'))
    expect(prompt).toContain('Note on the form of your last reply: an Observation that you wrote yourself')
    expect(prompt).not.toContain('all files')
    expect(prompt).toContain(reply(1))
  })

  it('has a long observation summarised, and keeps its ends when that fails', async () => {
    const long = `first ${'x'.repeat(6000)} last`
    const { say, observe, answer, actor } = await brief('research')
    await say(reply(1))
    const asked = await observe(long)
    expect(only(asked, 'tool.requested')).toMatchObject({ call: 3, tool: 'summarise', llm: LLM, nth: 0, document: { text: long } })
    expect(asked[0]?.to).toBe('llm-tool/7')
    const prompt = await promptText(actor, await answer('It says x.'))
    expect(prompt).toContain('[A summary; the observation has 6011 characters.]\nIt says x.')
    await say(reply(2))
    await observe(long)
    const shortened = await promptText(actor, await answer('', { ok: false, error: { source: 'provider', code: 'overloaded', message: 'busy' } }))
    expect(shortened).toMatch(/first x{2494}\n\[\.\.\. 1011 characters are left out here \.\.\.\]\nx{2495} last/)
  })

  it('an observation of just the limit is shown as it is', async () => {
    const { say, observe } = await brief('research', { observation_limit: 100 })
    await say(reply(1))
    expect(types(await observe('x'.repeat(100)))).toEqual(['completion.requested'])
    await say(reply(2))
    expect(types(await observe('x'.repeat(101)))).toEqual(['tool.requested'])
  })

  it('with retrieval every step is noted in the log, and what left the window is looked up with the plan as it is now', async () => {
    const { say, observe, answer, actor } = await brief('research', { retrieval: true, max_steps_in_context: 2 })
    for (let n = 1; n <= 3; n++) {
      await say(reply(n))
      const asked = await observe(`saw ${n}`)
      expect(only(asked, 'tool.requested')).toMatchObject({ tool: 'summarise_step', document: { text: `${reply(n)}\n\nObservation:\nsaw ${n}` } })
      const noted = await answer(`note ${n}`)
      expect(only(noted, 'log.noted')).toMatchObject({ step: n, note: { text: `note ${n}` } })
      expect(types(noted)).toEqual(['log.noted', n <= 2 ? 'completion.requested' : 'tool.requested'])
      if (n <= 2) continue
      const lookUp = only(noted, 'tool.requested')
      expect([lookUp.tool, JSON.parse(lookUp.arguments?.text ?? ''), lookUp.nth]).toEqual(['retrieve', { current_plan: 'plan 3 old' }, 3])
      const { prev, items } = JSON.parse(Buffer.from(await actor.blobs.get(lookUp.log?.ref ?? '')).toString()) as { prev: object; items: Array<{ step: number; note: { ref: string } }> }
      expect([prev === null, items[0]?.step, Buffer.from(await actor.blobs.get(items[0]?.note.ref ?? '')).toString()]).toEqual([false, 3, 'note 3'])
      const prompt = await promptOf(actor, await answer('Step 1 listed the files.'))
      expect(prompt[4]).toMatchObject({ role: 'user', text: 'Step 1 listed the files.', keep: true })
    }
  })

  it('a step that could not be summarised is in the log all the same', async () => {
    const { say, observe, answer } = await brief('research', { retrieval: true })
    await say(reply(1))
    await observe('saw')
    expect(only(await answer('', { ok: false, error: { source: 'provider', code: 'timeout', message: 'late' } }), 'log.noted').note?.text).toBe('Action: List Files. No summary was made of this step.')
  })

  it('its entries may be chosen, with what to write there, and a plan is not needed', async () => {
    const { first, say, observe, answer, actor } = await brief('research', { entries: ['Thought', { name: 'Risk', guide: 'what may go wrong' }], retrieval: true, max_steps_in_context: 1 })
    expect((await promptOf(actor, first))[0]?.text).toMatch(/Thought: \[[^\]]*\]\nRisk: \[what may go wrong\]\nAction: \[/)
    for (let n = 1; n <= 2; n++) {
      expect(actionOf(await say('Thought: a\nRisk: b\nAction: List Files\nAction Input: {"dir_path": "."}'))[0]).toBe('List Files')
      await observe('saw')
      const noted = await answer('note')
      if (n === 2) expect(JSON.parse(only(noted, 'tool.requested').arguments?.text ?? '')).toEqual({ current_plan: '' })
    }
  })

  it.each([[{ entries: ['Action'] }], [{ entries: ['Thought', 'thought'] }], [{ entries: ['a\nb'] }], [{ max_steps_in_context: 0 }], [{ max_steps_in_context: 1000 }], [{ unknown: 1 }]])('refuses the settings %j', (settings) => {
    expect(AGENTS['research']?.config?.safeParse(settings).success).toBe(false)
  })

  it('its defaults are those of the paper, and every setting says what it is', () => {
    expect(AGENTS['research']?.config?.parse({})).toMatchObject({ max_steps_in_context: 3, max_observation_steps_in_context: 3, max_retries: 5, observation_limit: 5000, retrieval: false, strict_entries: true })
    for (const agent of ['research', 'react', 'action-only']) for (const [name, field] of Object.entries(AGENTS[agent]?.config?.shape ?? {})) expect([agent, name, (field as { description?: string }).description?.length ?? 0]).toEqual([agent, name, expect.toSatisfy((n: number) => n > 20)])
  })
})

describe('react and action-only', () => {
  it('react thinks, acts and observes', async () => {
    const { first, say, observe, actor } = await brief('react')
    expect((await promptOf(actor, first))[0]?.text).toContain('\nThought: [')
    expect((await promptText(actor, first)).match(/^\d\. /m)).toBeNull()
    const sent = await say('Thought: look\nAction: List Files\nAction Input: {"dir_path": "."}')
    expect(actionOf(sent)).toEqual(['List Files', { dir_path: '.' }])
    expect(types(await observe('x'.repeat(20_000)))).toEqual(['completion.requested'])
  })

  it('action-only asks for the action alone, and takes one without a word', async () => {
    const { first, say, actor } = await brief('action-only')
    expect((await promptOf(actor, first))[0]?.text).not.toContain('Thought: [')
    const sent = await say('Action: List Files\nAction Input: {"dir_path": "."}')
    expect(actionOf(sent)).toEqual(['List Files', { dir_path: '.' }])
    expect(only(sent, 'action.requested').thought).toBeUndefined()
  })
})
