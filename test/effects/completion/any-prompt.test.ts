import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { MemoryBlobs } from '../../../src/blobs/index.ts'
import { rebuildRequest } from '../../../src/effects/completion/index.ts'
import { ANTHROPIC } from '../../model-server/anthropic-wire.ts'
import { OPENAI } from '../../model-server/openai-wire.ts'
import { isProblem } from '../../model-server/types.ts'

const words = fc.oneof(fc.constantFrom('', ' ', '\n', 'a', 'Thought: x\n'), fc.string({ maxLength: 30 }), fc.string({ unit: 'grapheme', maxLength: 10 }), fc.integer({ min: 3900, max: 9000 }).map((n) => 'é'.repeat(n)))
const id = fc.constantFrom('call_1', 'call_2', 'x', '', 'a b/c', 'ü')
const call = fc.record({ id, name: fc.constantFrom('list_files', 'read_file'), arguments: fc.constantFrom<Record<string, unknown>>({}, { dir_path: '.' }, { '': '{"broken' }, { content: 'z'.repeat(9000) }) })
const about = { text: words.map((text) => ({ text: text.toWellFormed() })), keep: fc.boolean(), breakpoint: fc.boolean() }
const segment = fc.oneof(
  fc.record({ role: fc.constantFrom('system', 'user', 'assistant'), ...about }),
  fc.record({ role: fc.constant('assistant'), ...about, tool_calls: fc.uniqueArray(call, { minLength: 1, maxLength: 3, selector: (one) => one.id }).map((calls) => ({ text: JSON.stringify(calls) })) }),
  fc.record({ role: fc.constant('tool'), ...about, tool_call_id: id }),
)
const TOOLS = ['list_files', 'read_file'].map((name) => ({ name, description: name, parameters: { type: 'object', properties: {} } }))

/** Whatever an agent makes of its prompt, and however far it is cut, no provider may refuse its form. */
describe.each([['openai', OPENAI], ['openai-compatible', OPENAI], ['anthropic', ANTHROPIC]] as const)('any prompt is a request that %s takes', (provider, wire) => {
  it.each([true, false])('tools offered: %s', async (withTools) => {
    await fc.assert(fc.asyncProperty(fc.array(segment, { maxLength: 12 }), fc.nat({ max: 4 }), fc.constantFrom('', 'What next?'), async (segments, shorten, question) => {
      const blobs = new MemoryBlobs()
      const put = async (text: string): Promise<{ ref: string; bytes: number }> => ({ ref: await blobs.put(Buffer.from(text)), bytes: text.length })
      fc.pre(question !== '' || segments.some(({ role, text }) => role !== 'tool' && text.text.trim() !== ''))
      const { body } = await rebuildRequest({
        provider, model: 'm', role: 'model', omit: [], params: canonicalJson({ provider, model: 'm', max_tokens: 100, temperature: 0.5, stop: ['\n', 'Observation:'] }), shorten,
        base: await put(canonicalJson({ prev: null, items: segments })), ...(question === '' ? {} : { appended: await put(question) }), ...(withTools ? { tools: await put(canonicalJson(TOOLS)) } : {}),
      }, async (hash) => Buffer.from(await blobs.get(hash)).toString())
      const read = wire.read(JSON.parse(body), { 'anthropic-version': '2023-06-01' })
      expect(isProblem(read) ? read.message : '').toBe('')
      expect(body.isWellFormed()).toBe(true)
      if (question !== '') expect(body).toContain('What next?')
      for (const { keep, role, text } of segments) if (keep && role !== 'tool' && text.text.trim() !== '' && text.text.length < 2000) expect(body).toContain(JSON.stringify(text.text).slice(1, -1))
    }), { numRuns: 150 })
  })
})
