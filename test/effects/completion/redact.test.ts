import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { redactor } from '../../../src/effects/completion/live/redact.ts'

const KEY = 'sk-planted-0123456789'

describe('a key in what others wrote', () => {
  it('is taken out of texts, wherever it stands and however it is written', () => {
    const { text } = redactor([`${KEY}/+"`])
    expect(text(`a ${KEY}/+" b ${encodeURIComponent(`${KEY}/+"`)} c ${JSON.stringify(`${KEY}/+"`)}`)).toBe('a [key] b [key] c "[key]"')
  })

  it('is taken out of bytes, and what is no text stays what it was', () => {
    const { bytes } = redactor([KEY])
    expect(Buffer.from(bytes(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(KEY), Buffer.from('é'), Buffer.from([0x80])])))).toEqual(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('[key]'), Buffer.from('é'), Buffer.from([0x80])]))
    const clean = Buffer.from('nothing here')
    expect(bytes(clean)).toBe(clean)
  })

  it('is taken out of a text that comes in any parts, and nothing else is lost', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.constant(KEY), fc.string(), fc.integer({ min: 1, max: KEY.length }).map((n) => KEY.slice(0, n)))), fc.array(fc.nat({ max: 12 })), (pieces, cuts) => {
      const whole = pieces.join('')
      const { parts, text } = redactor([KEY])
      const part = parts()
      let rest = whole
      let out = ''
      for (const cut of cuts) {
        out += part(rest.slice(0, cut))
        rest = rest.slice(cut)
      }
      out += part(rest, true)
      expect(out).toBe(text(whole))
      expect(out).not.toContain(KEY)
    }))
  })

  it('an empty or very short secret takes nothing out', () => {
    expect(redactor(['', 'a', undefined]).text('a banana')).toBe('a banana')
  })
})
