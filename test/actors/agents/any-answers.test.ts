import fc from 'fast-check'
import { expect, it } from 'vitest'
import { text } from '../../../actors/protocol.ts'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { brief, promptOf } from './briefing.ts'

const word = fc.constantFrom('Reflection: a', 'Research Plan and Status: **b**', 'Fact Check: c', 'Thought: d', 'Action: List Files', 'Action: Nothing', 'Action Input: {"dir_path": "."}', 'Action Input: {\'dir_path\': ', 'Observation: e', '```', '\ud800', '')
const reply = fc.array(word, { maxLength: 8 }).map((words) => words.join('\n'))
const call = fc.record({ id: fc.constantFrom('', 'a', 'b'), name: fc.constantFrom('list_files', 'nothing', 'Edit Script (AI)', ''), arguments: fc.oneof(fc.constant({}), fc.constant({ '': '{"dir_path": "."' }), fc.constant({ '': 'x' }), fc.dictionary(fc.string(), fc.jsonValue())) })
const toolCalls = fc.oneof(fc.constant(''), fc.constant('{"no": "list"}'), fc.constant('[{"id": '), fc.array(call, { maxLength: 12 }).map((calls) => JSON.stringify(calls)))

type Agent = Awaited<ReturnType<typeof brief>>
const event = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(reply, toolCalls, fc.constantFrom('stop', 'length', 'tool_calls')).map(([said, calls, stop_reason]) => (agent: Agent) => agent.say(said, { tool_calls: text(calls), stop_reason })) },
  { weight: 1, arbitrary: fc.constantFrom('refusal', 'content_filter').map((code) => (agent: Agent) => agent.fail(code)) },
  { weight: 6, arbitrary: fc.tuple(fc.string(), fc.nat(30)).map(([seen, times]) => (agent: Agent) => agent.observe(seen.repeat(times))) },
  { weight: 2, arbitrary: fc.tuple(fc.string(), fc.boolean()).map(([said, ok]) => (agent: Agent) => agent.answer(said, { ok })) },
)

it.each([
  ['research', { max_retries: 1, max_invalid: 20 }], ['research', { retrieval: true, observation_limit: 20, max_steps_in_context: 1, max_retries: 0, max_invalid: 20 }], ['react', { max_retries: 0, max_invalid: 20 }], ['action-only', { max_retries: 0, max_invalid: 20 }],
  ['tool-calling', { max_turns_in_context: 3, max_parallel: 3, max_retries: 0, max_invalid: 20 }],
] as const)('whatever models, tools and the environment answer, in whatever order, %s %j neither fails nor grows, and asks for what can be asked for', async (name, settings) => {
  await fc.assert(fc.asyncProperty(fc.array(event, { maxLength: 25 }), async (events) => {
    const agent = await brief(name, settings)
    for (const happen of events) {
      const sent = await happen(agent)
      expect(agent.actor.reactions.at(-1)?.drafts.map(({ type }) => type)).not.toContain('actor.faulted')
      expect(canonicalJson(agent.actor.context).length).toBeLessThan(16 * 1024)
      if (!sent.some(({ type }) => type === 'completion.requested')) continue
      const prompt = await promptOf(agent.actor, sent)
      expect(prompt.slice(0, 3).map(({ role, keep }) => [role, keep])).toEqual([['system', true], ['user', true], ['user', true]])
      expect(prompt.at(-1)?.role).not.toBe('assistant')
      for (const { role, text: words, tool_calls } of prompt) if (role === 'assistant') expect(words.trim() !== '' || tool_calls !== undefined).toBe(true)
    }
  }), { numRuns: 60 })
}, 60_000)
