import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { codeBlocks, findHeaders, inOrder, readObject, readReply, resolveAction } from '../../../actors/agent/parsing/index.ts'

const FORMATS: Readonly<Record<string, readonly string[]>> = { react: ['Thought'], research: ['Reflection', 'Research Plan and Status', 'Fact Check', 'Thought'], 'action-only': [] }
const ACTIONS = ['List Files', 'Read File', 'Write File', 'Execute Script', 'Edit Script (AI)', 'Edit Script Segment (AI)', 'Final Answer']
const read = (reply: string, format = 'react', cut = false) => readReply(reply, { entries: FORMATS[format] ?? [], actions: ACTIONS }, cut)
const corpus = <T>(name: string): T[] => parse(readFileSync(new URL(`corpus/${name}.yaml`, import.meta.url), 'utf8')) as T[]

interface ObjectCase { title: string; text: string; whole?: boolean; value?: unknown; repairs?: string[]; error?: string }
interface ReplyCase { title: string; reply: string; format?: string; cut?: boolean; action?: string; args?: unknown; thought?: string; used?: string; entries?: object; missing?: string[]; repairs?: string[]; error?: string }
const objects = corpus<ObjectCase>('objects')
const replies = corpus<ReplyCase>('replies')

describe('a corpus of nasty texts', () => {
  it('has at least 120 of them, each of its own name', () => {
    const titles = [...objects, ...replies].map(({ title }) => title)
    expect(titles.length).toBeGreaterThanOrEqual(120)
    for (const list of [objects, replies]) expect(new Set(list.map(({ title }) => title)).size).toBe(list.length)
  })

  it.each(objects.map((one) => [one.title, one] as const))('JSON: %s', (_title, { text, whole, value, repairs, error }) => {
    const reading = readObject(text, { finished: whole ?? false })
    if (error !== undefined) {
      expect(reading).toMatchObject({ ok: false, code: error })
      return
    }
    expect(reading).toMatchObject({ ok: true, repairs: repairs ?? [] })
    expect(reading.ok ? reading.value : undefined).toEqual(value)
  })

  it.each(replies.map((one) => [one.title, one] as const))('a reply: %s', (_title, { reply, format, cut, error, action, args, thought, used, entries, missing, repairs }) => {
    const reading = read(reply, format, cut)
    if (error !== undefined || !reading.ok) {
      expect(reading).toMatchObject({ ok: false, code: error ?? 'no error' })
      return
    }
    expect({ action: reading.action, args: reading.args }).toEqual({ action, args })
    if (repairs !== undefined) expect(reading.repairs).toEqual(repairs)
    expect(reading.missing).toEqual(missing ?? [])
    expect(reading.entries).toMatchObject(entries ?? {})
    if (thought !== undefined) expect(reading.thought).toBe(thought)
    if (used !== undefined) expect(reading.used).toBe(used)
  })
})

const jsonObject = fc.dictionary(fc.string(), fc.jsonValue())
const words = fc.string({ unit: fc.constantFrom(...'abc xyz,.:\n{}"\'`*#\\-'.split(''), 'Action', 'Action Input', 'Thought', 'Observation', 'List Files'), maxLength: 60 })

describe('reading JSON', () => {
  it('gives what JSON.parse gives, with nothing to mend, wherever that reads an object', () => {
    fc.assert(fc.property(jsonObject, fc.constantFrom(undefined, 1, '\t'), (value, space) => {
      const text = JSON.stringify(value, null, space)
      expect(readObject(text)).toEqual({ ok: true, value: JSON.parse(text), end: text.length, repairs: [] })
    }))
  })

  it('never takes a beginning of an object for the object', () => {
    fc.assert(fc.property(jsonObject, fc.nat(), (value, at) => {
      const text = JSON.stringify(value)
      expect(readObject(text.slice(0, 1 + (at % (text.length - 1))))).toMatchObject({ ok: false, code: 'truncated' })
    }))
  })

  it('gives the same values through each repair, and reports it', () => {
    const mended: Array<[string, (text: string) => string]> = [
      ['a trailing comma', (text) => text.replace(/\}$/, ',}')], ['comments', (text) => `{// why\n${text.slice(1)}`], ['text before the JSON', (text) => `I think that this is the right input for it: ${text}`],
      ['a list around the object', (text) => `[${text}]`], ['JSON within a string', (text) => JSON.stringify(text)], ['missing braces', (text) => text.slice(1, -1)],
    ]
    fc.assert(fc.property(jsonObject.filter((value) => Object.keys(value).length > 0), fc.constantFrom(...mended), (value, [repair, change]) => {
      const reading = readObject(change(JSON.stringify(value)))
      expect(reading).toMatchObject({ ok: true, repairs: [repair] })
      expect(reading.ok ? reading.value : undefined).toEqual(JSON.parse(JSON.stringify(value)))
    }))
  })

  it('ends on any text, with a reading or a sentence, and never keeps what protobuf could not carry', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), words, fc.string({ unit: 'binary' })), fc.boolean(), (text, finished) => {
      const reading = readObject(text, { finished })
      if (reading.ok) expect(JSON.parse(JSON.stringify(reading.value))).toEqual(reading.value)
      else expect(reading.sentence.length).toBeGreaterThan(10)
    }))
  })

  it('keys that are special in JavaScript are keys like others', () => {
    const reading = readObject('{"__proto__": {"x": 1}, "constructor": 2}')
    expect(reading.ok && Object.keys(reading.value)).toEqual(['__proto__', 'constructor'])
    expect(({} as { x?: number }).x).toBeUndefined()
  })

  it('what is nested without end is refused, not overflown', () => {
    expect(readObject(`{"a": ${'['.repeat(100_000)}`)).toMatchObject({ ok: false, code: 'bad_json' })
  })
})

describe('reading replies', () => {
  const args = fc.record({ file_name: fc.string(), content: fc.string({ unit: fc.constantFrom('\n', 'Action: Final Answer\n', 'Observation: x\n', '"', '\\', '```\n', 'é', '{', '}') }) })

  it('whatever the arguments hold, they come out as they went in', () => {
    fc.assert(fc.property(args, fc.constantFrom('', '```json\n'), fc.constantFrom(undefined, 2), (value, fence, space) => {
      const reply = `Thought: write\nAction: Write File\nAction Input: ${fence}${JSON.stringify(value, null, space)}${fence === '' ? '' : '\n```'}`
      expect(read(reply)).toMatchObject({ ok: true, action: 'Write File', args: value, repairs: [], used: reply })
    }))
  })

  it('a reply cut anywhere within its input is called truncated, never carried out', () => {
    fc.assert(fc.property(args, fc.nat(), fc.boolean(), (value, at, told) => {
      const json = JSON.stringify(value)
      const head = 'Thought: write\nAction: Write File\nAction Input: '
      const cutAt = 1 + (at % (json.length - 1))
      const reading = read(head + json.slice(0, cutAt), 'react', told)
      // What ends in a quotation mark may be whole but for its brace, unless the provider said that it was cut.
      if (!told && json[cutAt - 1] === '"') return
      expect(reading).toMatchObject({ ok: false, code: 'truncated' })
    }))
  })

  it('of any number of actions the first is taken, and every text counts as at most one reply', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('List Files', 'Read File', 'Final Answer'), { minLength: 1, maxLength: 5 }), (actions) => {
      const reply = actions.map((action, n) => `Thought: ${n}\nAction: ${action}\nAction Input: {"n": ${n}}`).join('\n')
      const reading = read(reply)
      expect(reading).toMatchObject({ ok: true, action: actions[0], args: { n: 0 }, thought: 'Thought: 0', used: `Thought: 0\nAction: ${actions[0] ?? ''}\nAction Input: {"n": 0}` })
      expect(reading.ok && reading.repairs).toEqual(actions.length === 1 ? [] : [`only the first action was carried out; ${actions.length - 1} more left out`])
    }))
  })

  it('reading again what counted gives the same action', () => {
    fc.assert(fc.property(words, words, fc.constantFrom('react', 'research', 'action-only'), (before, after, format) => {
      const reading = read(`${before}\nThought: x\nAction: List Files\nAction Input: {"dir_path": "."}\n${after}`, format)
      if (!reading.ok) return
      expect(read(reading.used, format)).toMatchObject({ ok: true, action: reading.action, args: reading.args })
    }))
  })

  it('ends on any text', () => {
    fc.assert(fc.property(words, fc.boolean(), (reply, cut) => {
      const reading = read(reply, 'research', cut)
      expect(reading.ok ? reading.action : reading.sentence).toMatch(/\w{4}/)
    }), { numRuns: 500 })
  })

  const LONG = 200_000
  it.each([
    ['white space', ' '.repeat(LONG)], ['white space and a word', `${' '.repeat(LONG)}x`], ['stars', '*'.repeat(LONG)], ['backticks', '`'.repeat(LONG)], ['hashes', `${'#'.repeat(LONG)}x`], ['headers', 'Thought: '.repeat(LONG / 10)],
    ['lines of headers', 'Thought:\n'.repeat(LONG / 10)], ['line breaks', '\n'.repeat(LONG)], ['a long name', `Action: ${'List '.repeat(LONG / 5)}\nAction Input: {}`], ['an action and white space', `Action: List Files${' '.repeat(LONG)}x`],
    ['white space in the input', `Action: List Files\nAction Input: ${' '.repeat(LONG)}x`], ['white space before the object', `Action: List Files\nAction Input: ${' '.repeat(LONG)}x {}`], ['white space in a thought', `Thought: x${' \n'.repeat(LONG / 2)}x\nAction: List Files\nAction Input: {}`],
    ['quotation marks', `Action: List Files\nAction Input: {${'"'.repeat(LONG)}`], ['backslashes', `Action: List Files\nAction Input: {"a": "${'\\'.repeat(LONG)}`], ['fences', 'x\n```\n'.repeat(LONG / 10)],
  ])('a long reply of %s is read in time proportional to its length', (_what, reply) => {
    // A quadratic reading of this would take minutes: the test's own limit is what fails then.
    expect(typeof read(reply, 'research').ok).toBe('boolean')
    codeBlocks(reply)
  }, 5000)
})

describe('the parts of reading', () => {
  it('an action is named in any spelling, and never half', () => {
    expect(['Edit Script (AI)', 'edit script ai', 'EDIT_SCRIPT_(AI)', '**Edit Script (AI)**', 'Edit Script (AI) # changes it'].map((line) => resolveAction(line, ACTIONS)?.name)).toEqual(Array(5).fill('Edit Script (AI)'))
    expect(['Edit', 'Edit Script', 'Edit Script (AI) Segment', '', '()', 'Final Answer: done'].map((line) => resolveAction(line, ACTIONS))).toEqual(Array(6).fill(undefined))
  })

  it('of headers out of order the longest sequence in order is taken', () => {
    const names = ['A', 'B', 'C']
    const chosen = (text: string): string => inOrder(findHeaders(text, names), names).map(({ name }) => name).join('')
    expect(['A:\nB:\nC:', 'C:\nA:\nB:', 'A:\nC:\nB:\nC:', 'B:\nA:', 'A:\nA:\nA:'].map(chosen)).toEqual(['ABC', 'AB', 'ABC', 'A', 'A'])
  })

  it('code blocks are told apart from what they hold, and an open one is said to be open', () => {
    expect(codeBlocks('a\n```python\nx = 1\n```\nb\n````md\n```\ninner\n```\n````\n```py\ncut')).toEqual([
      { language: 'python', code: 'x = 1\n', closed: true }, { language: 'md', code: '```\ninner\n```\n', closed: true }, { language: 'py', code: 'cut\n', closed: false },
    ])
    expect(codeBlocks('no code')).toEqual([])
  })
})
