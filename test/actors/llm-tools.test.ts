import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { text } from '../../actors/protocol.ts'
import type { TextValue } from '../../actors/protocol.ts'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import type { EventPayloads } from '../../schemas/generated/events.ts'
import { only, stage, types } from '../host/stage.ts'
import type { Sent, Stage } from '../host/stage.ts'

const role = (model: string) => ({ provider: 'scripted', model, max_tokens: 100, account: 'environment' })
const LLM = canonicalJson({ model: role('m'), fast: role('f'), edit: role('e') })
const F = '```'

type Asked = EventPayloads['completion.requested']
interface Segment { role: string; text: string; keep?: boolean; breakpoint?: boolean; ref: string }

class Tool {
  readonly stage: Stage = stage('llm-tool/8')
  open = new Map<number, Asked>()
  sent: Sent[] = []
  mostOpen = 0
  largest = 0

  async ask(tool: string, args: object, more: { document?: string; log?: { ref: string; bytes: number }; llm?: string; nth?: number } = {}): Promise<Sent[]> {
    const { document, log, ...rest } = more
    return this.note(await this.stage.receive('tool.requested', { call: 4, tool, arguments: text(canonicalJson(args)), llm: LLM, ...rest, ...(document === undefined ? {} : { document: text(document) }), ...(log === undefined ? {} : { log }) }, { from: 'environment' }))
  }
  async reply(call: number, reply: string, more: Partial<EventPayloads['completion.delivered']> = {}): Promise<Sent[]> {
    this.open.delete(call)
    return this.note(await this.stage.receive('completion.delivered', { call, ok: true, reply: text(reply), stop_reason: 'stop', ...more }, { from: `llm-tool/8/${call}` }))
  }
  async fail(call: number, code: string): Promise<Sent[]> {
    this.open.delete(call)
    return this.note(await this.stage.receive('completion.delivered', { call, ok: false, stop_reason: 'error', error: { source: 'provider', code, message: `it is ${code}` } }, { from: `llm-tool/8/${call}` }))
  }
  note(sent: Sent[]): Sent[] {
    this.sent = sent
    for (const message of sent) {
      if (message.type !== 'completion.requested') continue
      if (message.to !== `llm-tool/8/${message.data.call}`) throw new Error(`call ${message.data.call} went to ${message.to}`)
      this.open.set(message.data.call, message.data)
    }
    this.mostOpen = Math.max(this.mostOpen, this.open.size)
    this.largest = Math.max(this.largest, canonicalJson(this.stage.context).length)
    return sent
  }
  async segments(asked: Asked | undefined): Promise<Segment[]> {
    const read = async (value: TextValue) => Buffer.from(await this.stage.blobs.get(value.ref ?? '')).toString()
    const out: Segment[] = []
    for (let at: TextValue | null = asked?.base ?? null; at !== null;) {
      const node = JSON.parse(await read(at)) as { prev: TextValue | null; items: Array<{ role: string; text: TextValue; keep?: boolean; breakpoint?: boolean }> }
      out.unshift(...await Promise.all(node.items.map(async (item) => ({ ...item, text: await read(item.text), ref: item.text.ref ?? '' }))))
      at = node.prev
    }
    return out
  }
  /** The whole prompt of a call as the model reads it. */
  async prompt(call: number): Promise<string> {
    const asked = this.open.get(call)
    return [...(await this.segments(asked)).map((segment) => segment.text), asked?.appended?.text ?? ''].join('\n\n')
  }
  get answer(): EventPayloads['tool.answered'] { return only(this.sent, 'tool.answered') }
  get over(): boolean { return this.stage.state.snapshot.status === 'done' }

  /** A log of entries in the store, as the environment keeps it. */
  async log(notes: readonly string[]): Promise<{ ref: string; bytes: number }> {
    let prev: { ref: string; bytes: number } | null = null
    for (const [index, note] of notes.entries()) {
      const data = Buffer.from(note)
      const node: Buffer = Buffer.from(canonicalJson({ prev, items: [{ step: index + 1, note: { ref: await this.stage.blobs.put(data), bytes: data.length } }] }))
      prev = { ref: await this.stage.blobs.put(node), bytes: node.length }
    }
    return prev ?? { ref: '', bytes: 0 }
  }
}

const lines = (count: number, width = 99) => Array.from({ length: count }, (_, index) => `${String(index + 1).padEnd(width, '.')}\n`).join('')

describe('every tool', () => {
  it('without a model is answered with the sentence of the first version, whatever it is asked', async () => {
    for (const llm of [undefined, '{}']) {
      const tool = new Tool()
      tool.note(await tool.stage.receive('tool.requested', { call: 4, tool: 'Summarise', arguments: text('{'), ...(llm === undefined ? {} : { llm }) }, { from: 'agent' }))
      expect(tool.sent).toHaveLength(1)
      expect(tool.sent[0]?.to).toBe('agent')
      expect(tool.answer).toEqual({ call: 4, ok: false, error: { source: 'user', code: 'no_model', message: 'the tool "Summarise" needs a model, and this run has none' } })
      expect(tool.over).toBe(true)
    }
  })

  it('of a name that there is not, or with arguments that are none, is refused at once', async () => {
    const tool = new Tool()
    await tool.ask('toString', {})
    expect(tool.answer.error).toMatchObject({ source: 'system', code: 'unknown_tool' })
    const other = new Tool()
    other.note(await other.stage.receive('tool.requested', { call: 1, tool: 'edit', arguments: text('[1]'), llm: LLM }, { from: 'environment' }))
    expect(other.answer.error?.code).toBe('bad_arguments')
    const segment = new Tool()
    for (const range of [[0, 1], [2, 1], [1, 4], ['x', 2]]) {
      const fresh = new Tool()
      await fresh.ask('edit_segment', { script_name: 'a.py', edit_instruction: 'x', start_line_number: range[0], end_line_number: range[1] }, { document: 'a\nb\nc\n' })
      expect(fresh.answer.error?.code).toBe('bad_arguments')
    }
    await segment.ask('edit', { script_name: 'a.py', edit_instruction: ' ' }, { document: 'a' })
    expect(segment.answer.error?.code).toBe('bad_arguments')
  })

  it('asks the model of its role, counting from what its caller asked before', async () => {
    for (const [name, args, model] of [['understand', { file_name: 'a' }, 'f'], ['summarise', {}, 'f'], ['summarise_step', {}, 'f'], ['edit', { script_name: 'a.py', edit_instruction: 'x' }, 'e']] as const) {
      const tool = new Tool()
      await tool.ask(name, args, { document: 'words\n', nth: 7 })
      const { role: asRole, settings, nth } = only(tool.sent, 'completion.requested')
      expect([asRole, JSON.parse(settings?.text ?? ''), nth]).toEqual([model === 'f' ? 'fast' : 'edit', role(model), 7])
    }
  })

  it('sends its instructions first and marked for the provider\'s cache, the material by reference, the question last', async () => {
    const tool = new Tool()
    await tool.ask('understand', { file_name: 'train.py', things_to_look_for: 'the learning rate' }, { document: 'lr = 0.1\n' })
    const segments = await tool.segments(tool.open.get(1))
    expect(segments.map((segment) => [segment.role, segment.keep ?? false, segment.breakpoint ?? false])).toEqual([['system', true, true], ['user', true, false], ['user', false, false], ['user', true, true]])
    expect(segments.slice(1).map((segment) => segment.text)).toEqual(['<file name="train.py">', 'lr = 0.1\n', '</file>'])
    expect(tool.open.get(1)?.appended?.text).toContain('the learning rate')
    const again = new Tool()
    await again.ask('understand', { file_name: 'other.py', things_to_look_for: 'the width' }, { document: 'w = 3\n' })
    expect((await again.segments(again.open.get(1)))[0]?.ref).toBe(segments[0]?.ref)
  })

  it('answers with the reply, without reasoning before it, and says when it was cut', async () => {
    const tool = new Tool()
    await tool.ask('summarise', { what: 'the log' }, { document: 'a long log' })
    await tool.reply(1, '<think>hm</think>\n The loss falls. ')
    expect(tool.answer).toMatchObject({ call: 4, ok: true, answer: { text: 'The loss falls.' } })
    expect(tool.over).toBe(true)
    const cut = new Tool()
    await cut.ask('summarise', {}, { document: 'a long log' })
    await cut.reply(1, 'The loss', { stop_reason: 'length', shortened: 3 })
    expect(cut.answer.answer?.text).toMatch(/^The loss\n\[.*cut off.*\]\n\[.*shortened/)
  })

  it('with nothing to read answers without a model', async () => {
    for (const [name, sentence] of [['understand', 'The file is empty.'], ['summarise', 'The output is empty.'], ['summarise_step', 'Nothing was done in this step.'], ['reflect', 'The research log is empty: there is nothing to reflect on yet.'], ['retrieve', 'The research log is empty.']] as const) {
      const tool = new Tool()
      await tool.ask(name, {}, { document: ' \n' })
      expect(types(tool.sent)).toEqual(['tool.answered'])
      expect(tool.answer).toMatchObject({ ok: true, answer: { text: sentence } })
    }
  })
})

describe('a document of many blocks', () => {
  it('is read by instances below the tool, four at once, each told where its part stands', async () => {
    const tool = new Tool()
    await tool.ask('understand', { file_name: 'big.py', things_to_look_for: 'x' }, { document: lines(650) })
    expect([...tool.open.keys()]).toEqual([1, 2, 3, 4])
    expect(await tool.prompt(2)).toContain('<file name="big.py" part="2 of 7" first_line="101" characters="10001-20000 of 65000">')
    await tool.reply(3, 'three')
    expect([...tool.open.keys()]).toEqual([1, 2, 4, 5])
    expect(await tool.prompt(5)).toContain('401...')
    expect(tool.mostOpen).toBe(4)
  })

  it('its reports are merged in the order of the parts, whatever the order of the answers, and the merged one is the answer', async () => {
    const tool = new Tool()
    await tool.ask('understand', { file_name: 'big.py', things_to_look_for: 'the width' }, { document: lines(300) })
    await tool.reply(3, 'report C')
    await tool.reply(1, 'report A')
    await tool.reply(2, 'report B')
    const prompt = await tool.prompt(4)
    expect(prompt.indexOf('report A')).toBeGreaterThan(-1)
    expect(prompt.indexOf('report B')).toBeGreaterThan(prompt.indexOf('report A'))
    expect(prompt.indexOf('report C')).toBeGreaterThan(prompt.indexOf('report B'))
    expect(prompt).toContain('<report part="3 of 3">')
    expect(prompt).toContain('the width')
    await tool.reply(4, 'all of it')
    expect(tool.answer.answer?.text).toBe('all of it')
  })

  it('never loses a part: every block is in a prompt once, every report in exactly one merge, in order, whatever the order of the answers', async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 2, max: 45 }), fc.integer({ min: 1, max: 12_000 }), fc.infiniteStream(fc.nat()), async (blocks, length, chance) => {
      const tool = new Tool()
      await tool.ask('summarise', {}, { document: lines(blocks * 100) })
      const read: string[] = []
      const reported = new Map<string, string[]>()
      while (!tool.over) {
        const calls = [...tool.open.keys()]
        const call = calls[(chance.next().value ?? 0) % calls.length] ?? 0
        const prompt = await tool.prompt(call)
        const leaves = [...prompt.matchAll(/<<(.*?)>>/g)].flatMap(([, id = '']) => reported.get(id) ?? [])
        const first = /characters="(\d+)-/.exec(prompt)?.[1]
        if (first !== undefined) read.push(first)
        reported.set(String(call), first === undefined ? leaves : [first])
        await tool.reply(call, `<<${call}>>${'x'.repeat(length)}`)
        expect(tool.mostOpen).toBeLessThanOrEqual(4)
      }
      const answer = /<<(.*?)>>/.exec(tool.answer.answer?.text ?? '')?.[1] ?? ''
      expect(read).toHaveLength(Math.min(blocks, 40))
      expect(reported.get(answer)).toEqual(read.toSorted((a, b) => Number(a) - Number(b)))
      expect(tool.largest).toBeLessThan(16 * 1024)
      expect(tool.answer.answer?.text?.includes('[Not read: characters 300001 to')).toBe(blocks > 40)
    }), { numRuns: 12 })
  })

  it('that is one line of wide characters keeps its context small as well', async () => {
    const tool = new Tool()
    await tool.ask('understand', { file_name: '😀'.repeat(500), things_to_look_for: '😀'.repeat(50_000) }, { document: '😀'.repeat(200_000) })
    for (let call = 1; call <= 40; call++) await tool.reply(call, '中'.repeat(9000))
    expect(tool.largest).toBeLessThan(16 * 1024)
  })

  it('one part that the model refuses is named as unread; when all are refused, so is the tool', async () => {
    const tool = new Tool()
    await tool.ask('understand', { file_name: 'big.py' }, { document: lines(200) })
    await tool.fail(1, 'content_filter')
    await tool.reply(2, 'report B')
    expect(await tool.prompt(3)).toContain('[This part was not read: it is content_filter]')
    const all = new Tool()
    await all.ask('understand', { file_name: 'big.py' }, { document: lines(200) })
    await all.fail(2, 'refusal')
    await all.fail(1, 'refusal')
    expect(all.answer).toMatchObject({ ok: false, error: { code: 'refusal' } })
    const one = new Tool()
    await one.ask('understand', { file_name: 'a.py' }, { document: 'x' })
    await one.fail(1, 'refusal')
    expect(one.answer).toMatchObject({ ok: false, error: { code: 'refusal' } })
  })
})

describe('a failure', () => {
  it('of one completion ends the tool: the others are cancelled, their end is waited for, the first error is told', async () => {
    const tool = new Tool()
    await tool.ask('understand', { file_name: 'big.py' }, { document: lines(700) })
    await tool.fail(2, 'authentication')
    expect(tool.sent.map(({ type, to }) => [type, to])).toEqual([1, 3, 4].map((call) => ['completion.cancel_requested', `llm-tool/8/${call}`]))
    await tool.reply(1, 'came all the same')
    await tool.fail(4, 'quota_exhausted')
    expect(tool.sent).toEqual([])
    await tool.fail(3, 'cancelled')
    expect(tool.answer).toMatchObject({ call: 4, ok: false, error: { code: 'authentication' } })
    expect(tool.over).toBe(true)
  })

  it('of the last completion is told at once', async () => {
    const tool = new Tool()
    await tool.ask('summarise', {}, { document: 'x' })
    await tool.fail(1, 'context_overflow')
    expect(types(tool.sent)).toEqual(['tool.answered'])
    expect(tool.answer.error?.code).toBe('context_overflow')
  })

  it('a cancelled tool cancels what is open and answers when it has ended; a second wish changes nothing', async () => {
    const tool = new Tool()
    await tool.ask('understand', { file_name: 'big.py' }, { document: lines(200) })
    const cancel = async () => tool.note(await tool.stage.receive('tool.cancel_requested', { call: 4, reason: 'max_time' }, { from: 'environment' }))
    expect(types(await cancel())).toEqual(['completion.cancel_requested', 'completion.cancel_requested'])
    expect(await cancel()).toEqual([])
    await tool.fail(1, 'cancelled')
    await tool.fail(2, 'cancelled')
    expect(tool.answer).toMatchObject({ ok: false, error: { source: 'user', code: 'cancelled', message: 'the tool was cancelled: max_time' } })
  })

  it('an answer that nobody waits for is reported and changes nothing', async () => {
    const tool = new Tool()
    await tool.ask('summarise', {}, { document: 'x' })
    const before = canonicalJson(tool.stage.context)
    expect(types(await tool.reply(9, 'stray'))).toEqual(['protocol.violated'])
    expect(canonicalJson(tool.stage.context)).toBe(before)
    await tool.reply(1, 'ok')
    expect(tool.answer.ok).toBe(true)
  })
})

describe('an edit', () => {
  const ask = { script_name: 'src/train.py', edit_instruction: 'set lr to 0.1' }

  it('answers with the code of the reply, ended as the file was', async () => {
    const tool = new Tool()
    await tool.ask('edit', ask, { document: 'lr = 1\r\nx = 2' })
    const prompt = await tool.prompt(1)
    expect(prompt).toContain('lr = 1\r\nx = 2')
    expect(prompt).toContain('set lr to 0.1')
    expect(prompt).toContain(`${F}python`)
    await tool.reply(1, `Sure.\n${F}python\nlr = 0.1\nx = 2\n${F}`)
    expect(tool.answer).toMatchObject({ ok: true, answer: { text: 'lr = 0.1\nx = 2' } })
  })

  it('may begin from an empty file', async () => {
    const tool = new Tool()
    await tool.ask('edit', ask, { document: '' })
    expect(await tool.prompt(1)).toContain('is empty so far')
    await tool.reply(1, `${F}python\nlr = 0.1\n${F}`)
    expect(tool.answer.answer?.text).toBe('lr = 0.1\n')
  })

  it('never lets the file be left out of a request that is too long, and refuses what came of a shortened one', async () => {
    const tool = new Tool()
    await tool.ask('edit', ask, { document: 'lr = 1\n' })
    expect((await tool.segments(tool.open.get(1))).every((segment) => segment.keep)).toBe(true)
    await tool.reply(1, `${F}python\nlr = 0.1\n${F}`, { shortened: 3 })
    expect(tool.answer).toMatchObject({ ok: false, error: { code: 'context_overflow' } })
  })

  it('asks once more, with the reason, when the reply has no code; then it takes the second reply', async () => {
    const tool = new Tool()
    await tool.ask('edit', ask, { document: 'lr = 1\n', nth: 2 })
    const first = await tool.segments(tool.open.get(1))
    await tool.reply(1, 'I set it to 0.1.')
    const again = tool.open.get(2)
    const second = await tool.segments(again)
    expect(second.slice(0, first.length)).toEqual(first)
    expect(second.slice(first.length).map((segment) => [segment.role, segment.text.slice(0, 16)])).toEqual([['user', 'The edit: set lr'], ['assistant', 'I set it to 0.1.']])
    expect(again?.appended?.text).toContain('the reply has no code block')
    expect(again?.nth).toBe(3)
    await tool.reply(2, `${F}\nlr = 0.1\n${F}`)
    expect(tool.answer.answer?.text).toBe('lr = 0.1\n')
  })

  it('is refused after a second reply that cannot be used, and says why', async () => {
    const tool = new Tool()
    await tool.ask('edit', ask, { document: 'lr = 1\n' })
    await tool.reply(1, 'Done.')
    await tool.reply(2, `${F}python\nlr = 0.1`)
    expect(tool.answer).toMatchObject({ ok: false, error: { source: 'agent', code: 'truncated_reply' } })
    expect(tool.answer.error?.message).toMatch(/refused twice, and nothing was changed: .*no end/)
  })

  it('never takes a reply that reached its limit, even when its block is closed, and does not send the cut reply back', async () => {
    const tool = new Tool()
    await tool.ask('edit', ask, { document: 'lr = 1\n' })
    await tool.reply(1, `${F}python\nlr = 0.1\n${F}`, { stop_reason: 'length' })
    expect(await tool.prompt(2)).not.toContain('lr = 0.1')
    await tool.reply(2, `${F}python\nlr = 0.1\n${F}`, { stop_reason: 'length' })
    expect(tool.answer.error).toMatchObject({ code: 'truncated_reply', message: expect.stringMatching(/Edit fewer lines/) })
  })

  it('of a provider that fails is not asked again', async () => {
    const tool = new Tool()
    await tool.ask('edit', ask, { document: 'lr = 1\n' })
    await tool.fail(1, 'refusal')
    expect(tool.answer.error?.code).toBe('refusal')
  })
})

describe('an edit of a segment', () => {
  const ask = (first: number, last: number) => ({ script_name: 'train.py', edit_instruction: 'rename', start_line_number: first, end_line_number: last })

  it('shows the marked lines and some around them, and answers with the new lines only', async () => {
    const tool = new Tool()
    await tool.ask('edit_segment', ask(101, 102), { document: lines(300, 10) })
    const prompt = await tool.prompt(1)
    expect(prompt).toMatch(/<before lines="41-100">\n41\.+\n[^]*100\.+\n<\/before>\n\n<marked lines="101-102">\n101\.+\n102\.+\n<\/marked>\n\n<after lines="103-162">\n103/)
    await tool.reply(1, `${F}python\n    new\n${F}`)
    expect(tool.answer.answer?.text).toBe('    new\n')
  })

  it('of the first or the last line, of a file without a last line end, keeps that end', async () => {
    for (const [first, last, expected] of [[1, 1, 'new\n'], [2, 3, 'new'], [3, 3, 'new'], [1, 3, 'new']] as const) {
      const tool = new Tool()
      await tool.ask('edit_segment', ask(first, last), { document: 'a\nb\nc' })
      const prompt = await tool.prompt(1)
      expect([prompt.includes('<before'), prompt.includes('<after')]).toEqual([first > 1, last < 3])
      await tool.reply(1, `${F}python\nnew\n${F}`)
      expect(tool.answer.answer?.text).toBe(expected)
    }
  })

  it('an empty block deletes the lines', async () => {
    const tool = new Tool()
    await tool.ask('edit_segment', ask(2, 2), { document: 'a\nb\nc\n' })
    await tool.reply(1, `${F}python\n${F}`)
    expect(tool.answer).toMatchObject({ ok: true, answer: { text: '' } })
  })
})

describe('the research log', () => {
  it('is read oldest entry first, with its steps, and asked about once', async () => {
    for (const [name, args, words] of [['reflect', { things_to_reflect_on: 'why it overfits' }, 'why it overfits'], ['retrieve', { current_plan: 'try dropout' }, 'try dropout'], ['retrieve', {}, 'no plan yet']] as const) {
      const tool = new Tool()
      await tool.ask(name, args, { log: await tool.log(['began at 52 %', 'lower rate: 49 %', 'dropout']) })
      const prompt = await tool.prompt(1)
      expect(prompt).toContain('The logbook, oldest entry first.\n\n[step 1]\n\nbegan at 52 %\n\n[step 2]\n\nlower rate: 49 %\n\n[step 3]\n\ndropout\n\n')
      expect(prompt).toContain(words)
      await tool.reply(1, 'so it is')
      expect(tool.answer).toMatchObject({ ok: true, answer: { text: 'so it is' } })
    }
  })

  it('keeps the newest entries whole and says that older ones are left out', async () => {
    const tool = new Tool()
    await tool.ask('retrieve', {}, { log: await tool.log(Array.from({ length: 300 }, (_, index) => `entry ${index + 1} ${'x'.repeat(490)}`)) })
    const prompt = await tool.prompt(1)
    expect(prompt).toContain('Entries before these are left out.')
    const kept = [...prompt.matchAll(/^entry (\d+) x{490}$/gm)].map(([, step]) => Number(step))
    expect(kept.at(-1)).toBe(300)
    expect(kept.length).toBeGreaterThan(50)
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 301 - kept.length + index))
    expect(prompt.length).toBeLessThan(40_000)
    expect(canonicalJson(tool.stage.context).length).toBeLessThan(2000)
  })

  it('reads one entry however long, and many short ones up to a number', async () => {
    const long = new Tool()
    await long.ask('reflect', {}, { log: await long.log(['short', 'x'.repeat(100_000)]) })
    expect(await long.prompt(1)).toMatch(/left out\.\n\n\[step 2\]\n\nx{100000}/)
    const many = new Tool()
    await many.ask('reflect', {}, { log: await many.log(Array.from({ length: 500 }, () => 'x')) })
    const prompt = await many.prompt(1)
    expect(prompt.match(/\[step /g)?.length).toBeLessThanOrEqual(120)
    expect(prompt).toContain('[step 500]')
  })

  it('that has grown by an entry shares all but its newest part with the request before', async () => {
    const notes = Array.from({ length: 200 }, (_, index) => `entry ${index + 1} ${'x'.repeat(490)}`)
    const tool = new Tool()
    await tool.ask('retrieve', {}, { log: await tool.log(notes.slice(0, 156)) })
    const before = new Set(tool.stage.blobs.contents.keys())
    const next = stage('llm-tool/10')
    for (const [hash, data] of tool.stage.blobs.contents) next.blobs.contents.set(hash, data)
    const log = await tool.log(notes.slice(0, 157))
    for (const [hash, data] of tool.stage.blobs.contents) next.blobs.contents.set(hash, data)
    for (const hash of tool.stage.blobs.contents.keys()) before.add(hash)
    await next.receive('tool.requested', { call: 5, tool: 'retrieve', arguments: text('{}'), llm: LLM, log }, { from: 'agent' })
    const written = next.reactions.flatMap(({ blobs }) => blobs).filter(({ hash }) => !before.has(hash)).reduce((sum, { data }) => sum + data.length, 0)
    expect(written).toBeLessThan(4096)
  })
})
