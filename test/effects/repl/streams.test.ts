import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFrame, replyReader } from '../../../src/effects/repl/frames.ts'
import type { Reply } from '../../../src/effects/repl/frames.ts'
import { endMark, markedOutput } from '../../../src/effects/repl/marked-output.ts'

const NONCE = 'f'.repeat(32)
const MARK = endMark(NONCE)

/** Cuts bytes at arbitrary places. */
const cut = (bytes: Uint8Array, places: number[]): Uint8Array[] => {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length))
}

describe('output that is cut into commands', () => {
  it('is the same however the pipe cuts it, the mark is never told, and what follows it begins the next command', () => {
    const pieces = fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: MARK.length - 1 }).map((end) => new Uint8Array(MARK.subarray(0, end)))), { maxLength: 6 }).map((list) => Buffer.concat(list))
    fc.assert(fc.property(pieces, pieces, pieces, fc.array(fc.nat(), { maxLength: 12 }), (late, own, after, places) => {
      const output = markedOutput()
      const told: Uint8Array[] = []
      output.push(late)
      output.begin(MARK, (chunk) => told.push(Buffer.from(chunk)))
      for (const chunk of cut(Buffer.concat([own, MARK, after]), places)) output.push(chunk)
      expect(Buffer.from(output.finish().bytes)).toEqual(Buffer.concat([late, own]))
      expect(Buffer.concat(told)).toEqual(own)
      const next = endMark('e'.repeat(32))
      output.begin(next, () => undefined)
      output.push(next)
      expect(Buffer.from(output.finish().bytes)).toEqual(after)
    }))
  })

  it('without a mark is all that came, the beginning of a mark included', () => {
    const output = markedOutput()
    output.begin(MARK, () => undefined)
    output.push(Buffer.concat([Buffer.from('cut'), MARK.subarray(0, 9)]))
    expect(Buffer.from(output.finish().bytes).toString()).toBe(`cut${MARK.subarray(0, 9).toString()}`)
  })
})

describe('replies', () => {
  it('are read however they are cut', () => {
    const replies: Reply[] = [{ nonce: NONCE, end: 'finished' }, { nonce: '', end: 'raised' }, { nonce: 'x', end: 'ready' }]
    const bytes = Buffer.concat(replies.map(encodeFrame))
    fc.assert(fc.property(fc.array(fc.nat(), { maxLength: 10 }), (places) => {
      const read = replyReader()
      expect(cut(bytes, places).flatMap(read)).toEqual(replies)
    }))
  })

  it('of any other shape are none', () => {
    const wrong = [{ nonce: NONCE }, { nonce: NONCE, end: 'finished', more: 1 }, { nonce: 7, end: 'finished' }, [], 'finished', null, { nonce: NONCE, end: 'killed' }]
    for (const value of wrong) expect(replyReader()(encodeFrame(value))).toEqual([undefined])
    expect(replyReader()(Buffer.from([0, 0, 0, 0]))).toEqual([undefined])
    expect(replyReader()(Buffer.from([0, 0, 16, 0]))).toEqual([undefined])
    expect(replyReader()(Buffer.from([0, 0, 0, 2, 0xff, 0xfe]))).toEqual([undefined])
  })

  it('garbage never throws', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (chunks) => {
      const read = replyReader()
      for (const chunk of chunks) for (const reply of read(chunk)) expect(reply === undefined || typeof reply.nonce === 'string').toBe(true)
    }))
  })
})
