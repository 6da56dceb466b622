import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { act, filesOf, newBench, put, treeOf } from './drive.ts'

const names = fc.constantFrom('a', 'b', 'd/x', 'd/y', 'e/z', 'run.sh')
const command = fc.oneof(
  fc.record({ action: fc.constant('Write File'), args: fc.record({ file_name: names, content: fc.string({ unit: 'grapheme', maxLength: 5 }) }), target: fc.constant('') }),
  fc.record({ action: fc.constant('Append File'), args: fc.record({ file_name: names, content: fc.constantFrom('x', '\r\n', '\ufeff') }), target: fc.constant('') }),
  fc.record({ action: fc.constant('Copy File'), args: fc.record({ source: names, destination: names }), target: fc.constant('') }),
)
const start = () => newBench({ a: '\ufeffone\r\n', 'run.sh': { content: 'go', mode: 0o755 }, e: null })

describe('Undo Edit Script', () => {
  it('walks back, one change of one file at a time, to the very bytes and modes there were', () => {
    fc.assert(fc.property(fc.array(command, { maxLength: 12 }), (commands) => {
      const bench = start()
      const states = [filesOf(bench)]
      const done: string[] = []
      for (const { action, args } of commands) {
        const result = act(bench, action, args)
        if (!result.ok) continue
        done.push(String('destination' in args ? args.destination : args.file_name))
        states.push(filesOf(bench))
      }
      for (let index = done.length - 1; index >= 0; index--) {
        expect(act(bench, 'Undo Edit Script', { script_name: done[index] })).toMatchObject({ ok: true })
        expect(filesOf(bench)).toEqual(states[index])
      }
      for (const script_name of ['a', 'b', 'd/x', 'run.sh']) expect(act(bench, 'Undo Edit Script', { script_name })).toMatchObject({ ok: false, code: 'nothing_to_undo' })
    }), { numRuns: 150 })
  })

  it('keeps a stack per file, however undos and edits are mixed', () => {
    const step = fc.oneof(fc.record({ undo: fc.constant(false), name: names, text: fc.string({ maxLength: 3 }) }), fc.record({ undo: fc.constant(true), name: names, text: fc.constant('') }))
    fc.assert(fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const bench = newBench()
      const stacks = new Map<string, string[]>()
      for (const { undo, name, text } of steps) {
        const stack = stacks.get(name) ?? []
        stacks.set(name, stack)
        if (undo) expect(act(bench, 'Undo Edit Script', { script_name: name }).ok).toBe(stack.pop() !== undefined)
        else {
          act(bench, 'Write File', { file_name: name, content: text })
          stack.push(text)
        }
        for (const [path, texts] of stacks) expect(filesOf(bench)[path]).toBe(texts.length === 0 ? undefined : `644 ${texts.at(-1)}`)
      }
    }), { numRuns: 100 })
  })

  it('covers the file that was overwritten, not the one it was made from', () => {
    const bench = newBench({ 'train.py': 'A', 'variant.py': 'B' })
    act(bench, 'Copy File', { source: 'train.py', destination: 'variant.py' })
    expect(act(bench, 'Undo Edit Script', { script_name: 'train.py' }).code).toBe('nothing_to_undo')
    const { observation } = act(bench, 'Undo Edit Script', { script_name: './variant.py' })
    expect(observation).toBe('The change of step 1 was undone. variant.py is now:\nB')
    expect(filesOf(bench)).toEqual({ 'train.py': '644 A', 'variant.py': '644 B' })
  })

  it('does not take a longer name for a change of the shorter one, and works in sub-directories', () => {
    const bench = newBench({ 'src/train': '1', 'src/train_big': '2' })
    act(bench, 'Write File', { file_name: 'src/train', content: '1b' })
    act(bench, 'Write File', { file_name: 'src/train_big', content: '2b' })
    act(bench, 'Undo Edit Script', { script_name: 'src/train' })
    expect(filesOf(bench)).toEqual({ 'src/train': '644 1', 'src/train_big': '644 2b' })
  })

  it('brings back what a script did away with, and refuses when a directory is in its place', () => {
    const bench = newBench({ a: '1' })
    act(bench, 'Write File', { file_name: 'a', content: '2' })
    bench.tree = treeOf(bench, { other: 'x' })
    expect(act(bench, 'Undo Edit Script', { script_name: 'a' }).ok).toBe(true)
    expect(filesOf(bench)).toEqual({ a: '644 1', other: '644 x' })
    act(bench, 'Write File', { file_name: 'a', content: '3' })
    bench.tree = treeOf(bench, { 'a/b': 'x' })
    expect(act(bench, 'Undo Edit Script', { script_name: 'a' })).toMatchObject({ ok: false, code: 'is_directory' })
  })

  it('keeps an append-only list that names the earlier bytes for export', () => {
    const bench = newBench({ a: '1' })
    const first = act(bench, 'Write File', { file_name: 'a', content: '22' }).edits
    const second = act(bench, 'Undo Edit Script', { script_name: 'a' }).edits
    const node = (hash: string): unknown => JSON.parse(Buffer.from(bench.blobs.get(hash) ?? []).toString())
    expect(node(first)).toEqual({ prev: null, items: [{ path: 'a', before: { ref: put(bench, Buffer.from('1')), bytes: 1, mode: 0o644 }, step: 1 }] })
    expect(node(second)).toEqual({ prev: { ref: first, bytes: bench.blobs.get(first)?.length }, items: [{ path: 'a', undone: true, step: 2 }] })
  })
})
