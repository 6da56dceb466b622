import { expect, test } from 'vitest'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { sha256Hex } from '../../../schemas/hash.ts'
import { readSegments } from '../../../src/effects/completion/request/segments.ts'
import type { KnownPrompts } from '../../../src/effects/completion/request/segments.ts'

/** A store of texts that counts what is read, and a list that grows in it. */
function growing() {
  const texts = new Map<string, string>()
  const keep = (text: string): { ref: string; bytes: number } => {
    const ref = sha256Hex(text)
    texts.set(ref, text)
    return { ref, bytes: text.length }
  }
  const reads: string[] = []
  let prev: { ref: string; bytes: number } | null = null
  return {
    reads,
    read: async (hash: string): Promise<string> => { reads.push(hash); return texts.get(hash) ?? '' },
    /** One segment more; gives the hash of the list. */
    add: (words: string): string => {
      prev = keep(canonicalJson({ prev, items: [{ role: 'user', text: keep(words) }] }))
      return prev.ref
    },
    /** A list that goes on from it, and from which nothing goes on. */
    branch: (words: string): string => keep(canonicalJson({ prev, items: [{ role: 'user', text: keep(words) }] })).ref,
  }
}

test('a prompt that goes on from one that was read reads only what is new, and is what it would be otherwise', async () => {
  const { reads, read, add } = growing()
  const known: KnownPrompts = new Map()
  for (let step = 0; step < 100; step++) {
    const list = add(`step ${step}`)
    reads.length = 0
    const segments = await readSegments(list, read, known)
    expect(reads).toHaveLength(2)
    expect(segments.map(({ text }) => text)).toEqual(Array.from({ length: step + 1 }, (_, index) => `step ${index}`))
    expect(segments).toEqual(await readSegments(list, read))
  }
  expect(known.size).toBeLessThan(100)
})

test('prompts that branch off a list that grows read what is new of both', async () => {
  const { reads, read, add, branch } = growing()
  const known: KnownPrompts = new Map()
  for (let step = 0; step < 100; step++) {
    add(`step ${step}`)
    const list = branch(`what next, ${step}?`)
    reads.length = 0
    const segments = await readSegments(list, read, known)
    expect(reads).toHaveLength(4)
    expect(segments).toEqual(await readSegments(list, read))
  }
})

test('a prompt that is no list of segments is not kept', async () => {
  const known: KnownPrompts = new Map()
  await expect(readSegments('ab'.repeat(32), async () => '{"items": 1}', known)).rejects.toThrow(/no list of segments/)
  expect(known.size).toBe(0)
})
