import fc from 'fast-check'
import { expect, it } from 'vitest'
import { HEAD_BYTES, TAIL_BYTES, captureEnds } from '../../../src/effects/sandbox/index.ts'

const chunked = (bytes: Uint8Array, cuts: number[]): Uint8Array[] => {
  const places = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

it('keeps short output byte for byte, however it was cut on its way', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.array(fc.nat(), { maxLength: 9 }), (text, cuts) => {
    const bytes = Buffer.from(text)
    const capture = captureEnds(4096, 4096)
    for (const chunk of chunked(bytes, cuts)) capture.push(chunk)
    const kept = capture.finish()
    expect(Buffer.from(kept.bytes).equals(bytes)).toBe(true)
    expect(kept).toMatchObject({ totalBytes: bytes.length, truncated: false })
  }))
})

it('keeps the two ends of long output in whole characters and counts what is left out', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme', minLength: 60, maxLength: 400 }), fc.array(fc.nat(), { maxLength: 9 }), fc.integer({ min: 8, max: 25 }), fc.integer({ min: 8, max: 25 }), (text, cuts, head, tail) => {
    const bytes = Buffer.from(text)
    const capture = captureEnds(head, tail)
    for (const chunk of chunked(bytes, cuts)) capture.push(chunk)
    const kept = capture.finish()
    const match = /^([^]*)\n\[\.\.\. (\d+) bytes left out \.\.\.\]\n([^]*)$/.exec(Buffer.from(kept.bytes).toString())
    expect(kept.truncated).toBe(true)
    expect(text.startsWith(match?.[1] ?? '?') && text.endsWith(match?.[3] ?? '?')).toBe(true)
    expect(Buffer.byteLength(match?.[1] ?? '') + Number(match?.[2]) + Buffer.byteLength(match?.[3] ?? '')).toBe(bytes.length)
  }))
})

it('never keeps more than a mebibyte', () => {
  const capture = captureEnds()
  for (let index = 0; index < 40; index++) capture.push(Buffer.alloc(100_000, index % 2 ? 'a' : 'é'))
  const kept = capture.finish()
  expect(kept.bytes.length).toBeLessThanOrEqual(2 ** 20)
  expect(kept.bytes.length).toBeGreaterThan(HEAD_BYTES + TAIL_BYTES - 10)
  expect(kept.totalBytes).toBe(4_000_000)
})

it('passes bytes that are no UTF-8 through', () => {
  const capture = captureEnds(4, 4)
  capture.push(new Uint8Array([0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0xfe, 0x80, 0x80, 0x80, 0x80]))
  expect(capture.finish().truncated).toBe(true)
})
