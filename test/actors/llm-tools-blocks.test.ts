import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BLOCK_CHARACTERS, MAX_BLOCKS, chooseBlocks, splitIntoBlocks } from '../../actors/llm-tool/tools/blocks.ts'

const parts = (text: string, size?: number) => splitIntoBlocks(text, size).map(({ start, end }) => text.slice(start, end))
const anyText = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\n', '\r\n', '\r', '👩‍👩‍👧‍👦', '🇩🇪', 'e\u0301', '👍🏽', '\ud83d', 'x'.repeat(30))), { maxLength: 40 }).map((some) => some.join(''))

describe('a document in blocks', () => {
  it('gives back every character when the blocks are joined, none of them longer than allowed, each at the place it names', () => {
    fc.assert(fc.property(anyText, fc.integer({ min: 1, max: 60 }), (text, size) => {
      const blocks = splitIntoBlocks(text, size)
      expect(parts(text, size).join('')).toBe(text)
      let at = 0
      for (const { start, end, line } of blocks) {
        expect(start).toBe(at)
        expect(end).toBeGreaterThan(start)
        expect(end - start).toBeLessThanOrEqual(size)
        expect(line).toBe(text.slice(0, start).split('\n').length)
        at = end
      }
    }))
  })

  it('never tears a character apart, whatever the size, unless the character alone is longer', () => {
    fc.assert(fc.property(anyText, fc.integer({ min: 2, max: 60 }), (text, size) => {
      for (const { start } of splitIntoBlocks(text, size)) expect(/[\ud800-\udbff]/.test(text[start - 1] ?? '') && /[\udc00-\udfff]/.test(text[start] ?? '')).toBe(false)
    }))
    expect(parts('👩‍👩‍👧‍👦'.repeat(3), 16)).toEqual(['👩‍👩‍👧‍👦', '👩‍👩‍👧‍👦', '👩‍👩‍👧‍👦'])
    expect(parts('aae\u0301b', 3)).toEqual(['aa', 'e\u0301b'])
    expect(parts('abc\r\ndef', 4)).toEqual(['abc', '\r\n', 'def'])
  })

  it('ends at line ends where it can, and a block takes as many lines as fit', () => {
    expect(parts('aa\nbb\ncc\n', 7)).toEqual(['aa\nbb\n', 'cc\n'])
    expect(parts('aa\r\nbb', 5)).toEqual(['aa\r\n', 'bb'])
    expect(parts('aa\nbb\n', 6)).toEqual(['aa\nbb\n'])
  })

  it('cuts a line that is too long, and begins it in a block of its own', () => {
    expect(parts(`short\n${'x'.repeat(25)}\nend\n`, 10)).toEqual(['short\n', 'x'.repeat(10), 'x'.repeat(10), 'xxxxx\nend\n'])
  })

  it('is one block up to 10,000 characters and two from there on; nothing is none', () => {
    expect(splitIntoBlocks('x'.repeat(BLOCK_CHARACTERS))).toEqual([{ start: 0, end: BLOCK_CHARACTERS, line: 1 }])
    expect(splitIntoBlocks('x'.repeat(BLOCK_CHARACTERS + 1))).toHaveLength(2)
    expect(splitIntoBlocks('')).toEqual([])
  })

  it('of a very long text the beginning and the end are read, and what lies between is told exactly', () => {
    const text = `${'x'.repeat(99)}\n`.repeat(10_000)
    const blocks = splitIntoBlocks(text)
    expect(blocks).toHaveLength(100)
    const { read, leftOut } = chooseBlocks(blocks)
    expect(read).toHaveLength(MAX_BLOCKS)
    const first = read.findIndex(({ start }) => start === leftOut?.end)
    expect(read[first - 1]?.end).toBe(leftOut?.start)
    expect(read.at(-1)?.end).toBe(text.length)
    expect(chooseBlocks(blocks.slice(0, MAX_BLOCKS)).leftOut).toBeNull()
  })
})
