import { expect, it } from 'vitest'
import { dependencyKey, parseClauses, parseRequirement, satisfies } from '../../../src/effects/python/index.ts'

it.each([
  ['1.13.0a0+gitunknown', '>=1.13', true],
  ['2.4.0', '>=1.21,<3', true],
  ['2.4.0', '>=1.21,<2', false],
  ['1.2.0', '==1.2', true],
  ['1.2.5', '==1.2.*', true],
  ['1.20', '==1.2.*', false],
  ['1.4.9', '~=1.4.2', true],
  ['1.5.0', '~=1.4.2', false],
  ['1.5.0', '~=1.4', true],
  ['3.11.7', '>=3.9', true],
  ['3.8.10', '>=3.9', false],
  ['1.0.1', '>1.0', true],
  ['1.0', '!=1.0', false],
])('compares release segments: %s %s is %s', (version, clauses, expected) => {
  expect(satisfies(version, parseClauses(clauses))).toBe(expected)
})

it('reads names, extras and limits', () => {
  expect(parseRequirement('Scikit_Learn[extra] >= 1.2, <2')).toEqual({ name: 'scikit-learn', extras: '[extra]', clauses: [{ operator: '>=', version: '1.2' }, { operator: '<', version: '2' }] })
})

it.each(['git+https://example.org/x', 'numpy; python_version < "3.9"', '-r other.txt', '--index-url=x', '', 'a b'])('refuses %j', (text) => {
  expect(() => parseRequirement(text)).toThrow(/write for example numpy>=1.21,<3/)
})

it('gives one key to lists that mean the same', () => {
  const key = dependencyKey({ pip: ['numpy>=1.21', 'torch<3,>=1.13'], requires: '>=3.9' })
  expect(dependencyKey({ pip: ['Torch >=1.13, <3', 'NumPy >= 1.21'], requires: '>= 3.9' })).toBe(key)
  expect(dependencyKey({ pip: ['numpy>=1.22', 'torch<3,>=1.13'], requires: '>=3.9' })).not.toBe(key)
  expect(key).toMatch(/^[0-9a-f]{16}$/)
})
