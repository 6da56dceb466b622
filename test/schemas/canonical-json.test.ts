import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../schemas/canonical-json.ts'

/** The same by other means: JSON.stringify of a copy whose keys are in order. */
const ordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((item) => (item === undefined ? null : ordered(item)))
  if (typeof value !== 'object' || value === null) return value
  const record = value as Record<string, unknown>
  // Entries, since an object puts keys that look like numbers first.
  return new Map(Object.keys(record).sort().filter((key) => record[key] !== undefined).map((key) => [key, ordered(record[key])]))
}
const text = (value: unknown): string => {
  if (value instanceof Map) return `{${[...value as Map<string, unknown>].map(([key, item]) => `${JSON.stringify(key)}:${text(item)}`).join(',')}}`
  return Array.isArray(value) ? `[${value.map(text).join(',')}]` : JSON.stringify(value)
}

test('is JSON with its keys in order, whatever the value', () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
    expect(canonicalJson(value)).toBe(text(ordered(value)))
    expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
  }), { numRuns: 500 })
  expect(canonicalJson({ b: 1, a: undefined, 10: -0, 9: [undefined, null] })).toBe('{"10":0,"9":[null,null],"b":1}')
  expect(canonicalJson(Object.assign(Object.create(null) as object, { z: 'a', y: '\u2028"' }))).toBe('{"y":"\u2028\\"","z":"a"}')
})

test.each<[string, unknown, string]>([
  ['not a number', { a: [1, { b: Number.NaN }] }, '$.a[1].b is NaN'],
  ['a map', { b: 1, a: new Map() }, '$.a is an instance of Map'],
  ['a function', [() => undefined], '$[0] is function'],
  ['a big number', 5n, '$ is bigint'],
  ['infinity', Number.POSITIVE_INFINITY, '$ is Infinity'],
])('%s is refused with its place', (_, value, sentence) => {
  expect(() => canonicalJson(value)).toThrow(sentence)
})
