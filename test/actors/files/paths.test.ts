import { posix } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchesGlob, neutralise, normalisePath, protectingGlob } from '../../../actors/environment/files/index.ts'
import { isSafePath } from '../../../schemas/tree.ts'

describe('a normalised path', () => {
  const path = fc.array(fc.constantFrom('a', 'b', '..', '.', '', '...', 'é', ' '), { minLength: 1, maxLength: 7 }).map((parts) => parts.join('/'))

  it('is what the file system would make of it, or refused because it leads outside', () => {
    fc.assert(fc.property(path, (text) => {
      let depth = 0
      const outside = text.startsWith('/') || text.split('/').some((part) => (depth += part === '..' ? -1 : part === '' || part === '.' ? 0 : 1) < 0)
      if (outside) return void expect(() => normalisePath(text)).toThrow(expect.objectContaining({ code: 'outside' }))
      const normal = normalisePath(text)
      expect(normal).toBe(posix.normalize(text).replace(/\/$/, '').replace(/^\.$/, ''))
      expect(normal === '' || isSafePath(normal)).toBe(true)
      expect(normalisePath(normal)).toBe(normal)
    }), { numRuns: 1000 })
  })
})

describe('a glob', () => {
  it.each([
    ['*.csv', 'train.csv', true], ['*.csv', 'data/train.csv', false], ['*', '.hidden', true], ['data/*', 'data/x', true], ['data/*', 'data/x/y', false], ['data/*', 'data', false],
    ['**/x', 'x', true], ['**/x', 'a/b/x', true], ['a/**', 'a/b/c', true], ['a/**/z', 'a/z', true], ['a/**/z', 'a/b/c/z', true], ['a/**/z', 'a/b/c', false],
    ['?.py', 'é.py', true], ['?.py', '😀.py', true], ['?', '', false], ['a?c', 'a/c', false], ['[x]', '[x]', true], ['a.c', 'abc', false], ['**', 'any/thing', true],
    ['*a*b*', 'xaxxbx', true], ['*a*b', 'xaxxbx', false], ['a/**/b/**/c', 'a/b/b/c/c', true], ['a/**/b/*/c', 'a/b/x/b/y/c', true],
  ])('%s on %s: %s', (glob, path, expected) => {
    expect(matchesGlob(glob, path)).toBe(expected)
  })

  it('agrees with a regular expression', () => {
    const text = (letters: string[]) => fc.array(fc.constantFrom(...letters), { maxLength: 8 }).map((parts) => parts.join(''))
    fc.assert(fc.property(text(['a', 'b', '*', '?']), text(['a', 'b', 'c']), (glob, name) => {
      // A name `**` alone means any number of names, `*` within one name.
      fc.pre(glob !== '**')
      expect(matchesGlob(glob, name)).toBe(new RegExp(`^${glob.replaceAll('?', '.').replace(/\*+/g, '.*')}$`).test(name))
    }), { numRuns: 2000 })
  })

  it('is quick even for patterns made to be slow', () => {
    expect(matchesGlob(`${'*a'.repeat(200)}b`, 'a'.repeat(5000))).toBe(false)
    expect(matchesGlob(`${'**/a/'.repeat(100)}b`, 'a/'.repeat(400) + 'c')).toBe(false)
  })

  it('protects what lies in a matched directory, whatever the glob\'s spelling', () => {
    expect(protectingGlob(['./train.csv', 'data/*'], 'train.csv')).toBe('./train.csv')
    expect(protectingGlob(['data/*'], 'data/x/y')).toBe('data/*')
    expect(protectingGlob(['data/'], 'data/x')).toBe('data/')
    expect(protectingGlob(['data'], 'database')).toBeUndefined()
    expect(protectingGlob(['', './'], 'a')).toBeUndefined()
  })
})

describe('an observation', () => {
  it('holds no control character but tab and line ends', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      // oxlint-disable-next-line no-control-regex
      expect(neutralise(text)).not.toMatch(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)/)
    }))
  })
})
