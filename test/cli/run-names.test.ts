import { describe, expect, it } from 'vitest'
import { chooseRun, shortId } from '../../src/cli/run-names.ts'

const A = { id: '01a1fe00-bd24-79e0-b628-df7347e3a7c0', createdAt: 1000, about: 'arithmetic' }
const B = { id: '01a1fe00-bd24-7a11-8000-000000000000', createdAt: 2000, about: 'vectorization' }
const C = { id: '01a1fe77-0000-7000-8000-000000000000', createdAt: 3000 }
const choose = (name: string, runs = [A, B, C]) => chooseRun(name, runs, 63_000, 'the store .kymo')

describe('naming a run', () => {
  it('takes an id, any unique beginning with or without hyphens, and last or - for the newest', () => {
    expect([A.id, A.id.toUpperCase(), '01a1fe00-bd24-79', '01a1fe00bd2479'].map((name) => choose(name).id)).toEqual(Array(4).fill(A.id))
    expect(['last', 'LAST', '-', '01a1fe7'].map((name) => choose(name).id)).toEqual(Array(4).fill(C.id))
  })

  it('lists what an ambiguous beginning could mean', () => {
    expect(() => choose('01a1fe00')).toThrow('2 runs begin with 01a1fe00: 01a1fe00-bd24-7a (vectorization, 1 min ago), 01a1fe00-bd24-79 (arithmetic, 1 min ago). Type more of the one you mean.')
  })

  it('names the nearest run when there is none such', () => {
    expect(() => choose('01a1fe7f')).toThrow('There is no run 01a1fe7f in the store .kymo. The nearest is 01a1fe77-0000')
    expect(() => choose('01a1', [])).toThrow('There are no runs in the store .kymo yet. Begin one with: kymo run TASK')
    expect(() => choose('')).toThrow('There is no run')
  })

  it('shortens an id as far as it still names one run', () => {
    expect(shortId(C.id, [A.id, B.id, C.id])).toBe('01a1fe77-0000')
    const [a, b] = [shortId(A.id, [A.id, B.id]), shortId(B.id, [A.id, B.id])]
    expect(choose(a).id).toBe(A.id)
    expect(choose(b).id).toBe(B.id)
  })
})
