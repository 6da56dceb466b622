import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { turns } from '../../src/effects/checking/turns.ts'

/** Work that notes who else was at it. */
function crowd(): { work: (name: string) => () => Promise<string>; met: string[][]; began: string[] } {
  const now = new Set<string>()
  const met: string[][] = []
  const began: string[] = []
  return {
    met, began,
    work: (name) => async () => {
      began.push(name)
      now.add(name)
      await sleep(5)
      met.push([...now].sort())
      now.delete(name)
      return name
    },
  }
}

describe('Turns', () => {
  it('let as many work at once as there are jobs, first come, first served', async () => {
    const { work, met, began } = crowd()
    const two = turns(2)
    const names = ['a', 'b', 'c', 'd', 'e']
    expect(await Promise.all(names.map((name) => two.take(work(name))))).toEqual(names)
    expect(began).toEqual(names)
    expect(Math.max(...met.map((one) => one.length))).toBe(2)
  })

  it('let work that wants to be alone wait until all others are through, and nobody overtake it', async () => {
    const { work, met, began } = crowd()
    const three = turns(3)
    await Promise.all([three.take(work('a')), three.take(work('b')), three.take(work('timed'), { alone: true }), three.take(work('c')), three.take(work('d'))])
    expect(began).toEqual(['a', 'b', 'timed', 'c', 'd'])
    expect(met.filter((one) => one.includes('timed'))).toEqual([['timed']])
    expect(met).toContainEqual(['c', 'd'])
  })

  it('go on after work that failed', async () => {
    const one = turns(1)
    const failing = one.take(() => Promise.reject(new Error('no luck')))
    expect(await one.take(async () => 'next')).toBe('next')
    await expect(failing).rejects.toThrow('no luck')
  })

  it('do the same thing once for all who ask, one thing at a time, and remember a failure', async () => {
    const { work, met, began } = crowd()
    const shared = turns(4)
    expect(await Promise.all([shared.once('torch', work('a')), shared.once('numpy', work('b')), shared.once('torch', work('c'))])).toEqual(['a', 'b', 'a'])
    expect([began, met]).toEqual([['a', 'b'], [['a'], ['b']]])
    let tries = 0
    const fail = (): Promise<never> => { tries += 1; return Promise.reject(new Error('no network')) }
    await expect(shared.once('pandas', fail)).rejects.toThrow('no network')
    await expect(shared.once('pandas', fail)).rejects.toThrow('no network')
    expect(tries).toBe(1)
    expect(await shared.once('after', work('d'))).toBe('d')
  })

  it('end what waits when they are interrupted, and begin nothing any more', async () => {
    const stopping = new AbortController()
    const one = turns(1, stopping.signal)
    const { work, began } = crowd()
    let end: (word: string) => void = () => undefined
    const first = one.take(() => new Promise<string>((resolve) => { end = resolve }))
    const waiting = one.take(work('b'))
    const installing = one.once('torch', () => first)
    const behind = one.once('numpy', work('c'))
    await sleep(1)
    stopping.abort()
    end('a')
    await expect(waiting).rejects.toMatchObject({ code: 'KYMO_CANCELLED' })
    await expect(one.take(work('d'))).rejects.toMatchObject({ code: 'KYMO_CANCELLED' })
    expect(await first).toBe('a')
    expect(await installing).toBe('a')
    await expect(behind).rejects.toMatchObject({ code: 'KYMO_CANCELLED' })
    expect(began).toEqual([])
  })
})
