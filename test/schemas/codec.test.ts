import { expect, test } from 'vitest'
import { MESSAGE_OF } from '../../schemas/generated/events.ts'
import type { EventType } from '../../schemas/generated/events.ts'
import { asRead, decodeEvent, encodeEvent, schemaVersion } from '../../schemas/codec.ts'
import { isKymoError } from '../../schemas/errors.ts'
import { sha256Hex } from '../../schemas/hash.ts'
import { randomMessage } from '../faults/mutate.ts'
import { seeded } from '../seeded.ts'

const hashes = ['a', 'b', 'c'].map((text) => sha256Hex(text))

test('a payload as it will be read is the payload that is read, whatever it holds', () => {
  const random = seeded(5)
  let compared = 0
  for (const [type, message] of Object.entries(MESSAGE_OF) as Array<[EventType, string]>) {
    for (let round = 0; round < 60; round++) {
      const payload = randomMessage({ random, hashes }, message)
      for (const field of Object.keys(payload)) if (random() < 0.2) delete payload[field]
      let bytes: Uint8Array
      try {
        bytes = encodeEvent(type, payload as never)
      } catch (error) {
        // A text without its hash, half a character: what cannot be written is not read either.
        expect(isKymoError(error, 'KYMO_SCHEMA')).toBe(true)
        continue
      }
      const read = decodeEvent(type, schemaVersion(type), bytes)
      const ahead = asRead(type, payload as never)
      expect(ahead, type).toStrictEqual(read)
      expect(Object.keys(ahead), type).toEqual(Object.keys(read))
      compared++
    }
  }
  expect(compared).toBeGreaterThan(1000)
})
