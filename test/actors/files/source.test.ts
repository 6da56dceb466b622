import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inEncodingOf, parseSource, plainText } from '../../../actors/environment/files/encoding.ts'
import { lineChanges, unifiedHunks } from '../../../actors/environment/files/line-changes.ts'
import { act, filesOf, newBench, put } from './drive.ts'
import type { Bench } from './drive.ts'

const read = (bench: Bench, args: object) => act(bench, 'Read File', { exact: true, ...args })
const edit = (bench: Bench, text: string, args: object = {}) => act(bench, 'Write File', { file_name: 'a.py', edit_of: 'a.py', content: { ref: put(bench, Buffer.from(text)) }, ...args })
/** The bytes of a.py after the whole of it was replaced. */
const edited = (before: string, after: string, args: object = {}): string => {
  const bench = newBench({ 'a.py': before })
  const result = edit(bench, after, args)
  expect(result).toMatchObject({ ok: true })
  return Buffer.from((filesOf(bench)['a.py'] ?? '').slice(4), 'latin1').toString()
}

describe('an edit keeps how the script was written down', () => {
  it.each([
    ['a byte order mark', '\ufeffa\nb\n', 'a\nc\n', '\ufeffa\nc\n'], ['a byte order mark that the model wrote again', '\ufeffa\n', '\ufeffb\n', '\ufeffb\n'], ['no byte order mark, though the model wrote one', 'a\n', '\ufeffb\n', 'b\n'],
    ['CRLF', 'a\r\nb\r\n', 'a\nnew\nb\n', 'a\r\nnew\r\nb\r\n'], ['LF, though the model wrote CRLF', 'a\nb\n', 'a\r\nc\r\n', 'a\nc\n'], ['no newline at the end', 'a\nb', 'a\nb\nc\n', 'a\nb\nc'],
    ['a newline at the end', 'a\nb\n', 'a\nc', 'a\nc\n'], ['mixed ends of lines that stay', 'a\r\nb\nc\r\nd\n', 'a\nb\nX\nd\n', 'a\r\nb\nX\nd\n'], ['a last line without an end that is last no more', 'a\r\nb', 'a\nb\nc', 'a\r\nb\r\nc'],
    ['blank lines at the end', 'a\n\n\n', 'b\n\n\n', 'b\n\n\n'], ['an empty script filled', '', 'a\nb', 'a\nb\n'], ['control characters inside a line', 'a\u0007\rb\n', 'a\u0007\rb\nc\n', 'a\u0007\rb\nc\n'], ['unicode', 'é\u2028\n', 'é\u2028\n😀\n', 'é\u2028\n😀\n'],
  ])('%s', (_what, before, after, expected) => { expect(edited(before, after)).toBe(expected) })

  it('for any script and any new lines: what the model reads, written back, is the very same bytes', () => {
    const piece = fc.tuple(fc.stringMatching(/^[ab\r\u0007é]{0,3}$/), fc.constantFrom('\n', '\r\n'))
    fc.assert(fc.property(fc.boolean(), fc.array(piece, { maxLength: 8 }), fc.constantFrom('', 'tail'), (bom, pieces, tail) => {
      const text = (bom ? '\ufeff' : '') + pieces.map(([line, end]) => line.replace(/\r$/, '') + end).join('') + tail
      const source = parseSource(text)
      const shown = plainText(source)
      expect(shown).not.toContain('\r\n')
      expect(inEncodingOf(source, parseSource(shown).lines)).toBe(text)
    }))
  })

  it('a segment changes its own lines only, whatever stands around them', () => {
    const line = fc.stringMatching(/^[a-c]{0,2}$/)
    fc.assert(fc.property(fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), { minLength: 1, maxLength: 8 }), fc.nat(7), fc.nat(7), fc.array(line, { maxLength: 3 }), (pieces, x, y, fresh) => {
      const [start, end] = [Math.min(x, y) % pieces.length, Math.max(x, y) % pieces.length].sort((a, b) => a - b) as [number, number]
      const before = pieces.map(([text, ending]) => text + ending).join('')
      const after = edited(before, fresh.map((text) => `${text}\n`).join(''), { start_line_number: start + 1, end_line_number: end + 1 })
      expect(parseSource(after).lines).toEqual([...pieces.slice(0, start).map(([text]) => text), ...fresh, ...pieces.slice(end + 1).map(([text]) => text)])
      expect(after.startsWith(pieces.slice(0, start).map(([text, ending]) => text + ending).join(''))).toBe(true)
    }), { numRuns: 300 })
  })

  it('the mode stays: of the overwritten file, or else of the script', () => {
    const bench = newBench({ 'a.py': { content: 'a\n', mode: 0o755 }, 'b.py': 'b\n' })
    edit(bench, 'x\n')
    edit(bench, 'y\n', { file_name: 'b.py' })
    edit(bench, 'z\n', { file_name: 'c.py' })
    expect(filesOf(bench)).toEqual({ 'a.py': '755 x\n', 'b.py': '644 y\n', 'c.py': '755 z\n' })
  })

  it('undo after edits under other names walks each file back by itself', () => {
    const bench = newBench({ 'a.py': 'a\n', 'a.py_1': 'old\n' })
    edit(bench, 'one\n', { file_name: 'a.py_1' })
    edit(bench, 'two\n')
    expect(act(bench, 'Undo Edit Script', { script_name: 'a.py_1' }).ok).toBe(true)
    expect(filesOf(bench)).toEqual({ 'a.py': '644 two\n', 'a.py_1': '644 old\n' })
    expect(act(bench, 'Undo Edit Script', { script_name: 'a.py' }).ok).toBe(true)
    expect(filesOf(bench)).toEqual({ 'a.py': '644 a\n', 'a.py_1': '644 old\n' })
  })
})

describe('what a model reads', () => {
  it('is the whole text, nothing replaced and nothing left out', () => {
    const text = `${'x'.repeat(900_000)}\nbell \u0007 and \u001b[2J\n`
    expect(read(newBench({ 'a.py': text }), { file_name: 'a.py' }).observation).toBe(text)
  })

  it.each([
    ['a file that is not UTF-8', Buffer.from([0xe9, 0x0a]), 'binary'], ['a file above the limit', Buffer.alloc(2 ** 20 + 1, 97), 'too_large'],
  ])('%s is refused, never read as an empty one', (_what, content, code) => {
    const bench = newBench({ 'a.py': content })
    expect(read(bench, { file_name: 'a.py' })).toMatchObject({ ok: false, code })
    expect(edit(bench, 'x\n')).toMatchObject({ ok: false, code })
    expect(Object.keys(filesOf(bench))).toEqual(['a.py'])
  })

  it('arguments that no composite sends are refused', () => {
    const bench = newBench({ 'a.py': 'a\n' })
    expect(read(bench, { file_name: 'a.py', more: 1 })).toMatchObject({ ok: false, code: 'bad_arguments' })
    expect(act(bench, 'Write File', { file_name: 'a.py', edit_of: 'a.py', content: 'text' })).toMatchObject({ ok: false, code: 'bad_arguments' })
    expect(act(bench, 'Read File', { file_name: 'a.py', exact: 'yes' })).toMatchObject({ ok: false, code: 'bad_arguments' })
  })

  it('a file of the task\'s data can be edited into a copy, not in place', () => {
    const bench = newBench({})
    const layer = newBench({ 'train.py': 'a\n' })
    for (const [hash, bytes] of layer.blobs) bench.blobs.set(hash, bytes)
    bench.layers = [{ mount: 'data', tree: layer.tree }]
    const args = { file_name: 'data/train.py', edit_of: 'data/train.py', content: { ref: put(bench, Buffer.from('b\n')) } }
    expect(act(bench, 'Write File', args)).toMatchObject({ ok: false, code: 'read_only' })
    expect(act(bench, 'Write File', { ...args, file_name: 'mine.py' })).toMatchObject({ ok: true })
    expect(filesOf(bench)).toEqual({ 'mine.py': '644 b\n' })
  })
})

describe('the diff of an edit', () => {
  it('applied to the old lines it gives the new ones, and no hunk repeats a line', () => {
    const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 40 })
    fc.assert(fc.property(lines, lines, (before, after) => {
      const hunks = unifiedHunks(lineChanges(before, after))
      const out: string[] = []
      let at = 0
      for (const line of hunks === '' ? [] : hunks.split('\n')) {
        const header = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$/.exec(line)
        if (header !== null) {
          const start = Number(header[1]) - (header[2] === '0' ? 0 : 1)
          expect(start).toBeGreaterThanOrEqual(at)
          out.push(...before.slice(at, start))
          at = start
          expect(out.length + (header[4] === '0' ? 0 : 1)).toBe(Number(header[3]))
        } else if (line.startsWith('+')) out.push(line.slice(1))
        else {
          expect(line.slice(1)).toBe(before[at])
          if (line.startsWith(' ')) out.push(line.slice(1))
          at++
        }
      }
      expect([...out, ...before.slice(at)]).toEqual(after)
    }), { numRuns: 500 })
  })

  it('of two long texts without a line in common comes at once, and is shown in part', () => {
    const bench = newBench({ 'a.py': Array.from({ length: 60_000 }, (_, n) => `old ${n}\n`).join('') })
    const { observation } = edit(bench, Array.from({ length: 60_000 }, (_, n) => `new ${n}\n`).join(''))
    expect(observation.length).toBeLessThan(41_000)
    expect(observation).toMatch(/more lines of the diff left out/)
  })

  it('cannot steer a terminal', () => {
    const bench = newBench({ 'a.py': 'a\n' })
    expect(edit(bench, 'a\n\u001b[2Jb\n').observation).toContain('+\u241b[2Jb')
    expect(filesOf(bench)).toEqual({ 'a.py': '644 a\n\u001b[2Jb\n' })
  })
})
