import { describe, expect, it } from 'vitest'
import { amount, keyValue, namesOf, timeSpan, wholeNumber } from '../../src/cli/arguments.ts'
import { didYouMean, nearest } from '../../src/cli/nearest.ts'
import { notesOnOldFlags } from '../../src/cli/old-flags.ts'
import { invalid } from '../../src/cli/report-error.ts'
import { natsAddress, quote } from '../../src/cli/store.ts'

describe('values of flags', () => {
  it('reads times with and without units', () => {
    expect(['90', '90s', '15m', '2h', '1h30m', '1.5h', '500ms', '1 h'].map(timeSpan)).toEqual([90_000, 90_000, 900_000, 7_200_000, 5_400_000, 5_400_000, 500, 3_600_000])
  })

  it('refuses what is no time, no number or no pair, and says what to write', () => {
    for (const text of ['', 'soon', '-5', '0', '5x', '1h30']) expect(() => timeSpan(text)).toThrow('90s, 15m, 2h')
    for (const text of ['', 'x', '-1', '1.5', '1e3', '99999999999999999999']) expect(() => wholeNumber(0)(text)).toThrow('Write a whole number')
    expect(() => wholeNumber(1)('0')).toThrow('at least 1')
    for (const text of ['', '0', '-1', 'x']) expect(() => amount(text)).toThrow('above zero')
    for (const text of ['', 'x', '=y']) expect(() => keyValue(text)).toThrow('key=value')
    expect(() => namesOf(['agent', 'executor'])('agent,executer')).toThrow('agent, executor')
  })

  it('collects repeated pairs and keeps equal signs of values', () => {
    expect(keyValue('b=x=y', keyValue('a=1'))).toEqual({ a: '1', b: 'x=y' })
    expect(namesOf(['agent', 'executor'])('executor, agent,executor')).toEqual(['executor', 'agent'])
  })
})

describe('what was probably meant', () => {
  it('finds the nearest word, also with swapped letters and beginnings', () => {
    expect(nearest('vectorisation', ['arithmetic', 'vectorization'])).toBe('vectorization')
    expect(nearest('lsit', ['list', 'show'])).toBe('list')
    expect(nearest('vec', ['vectorization'])).toBe('vectorization')
    expect(nearest('READ FILE', ['Read File', 'Write File'])).toBe('Read File')
  })

  it('says nothing when nothing is near', () => {
    expect(didYouMean('zzzzzz', ['list', 'show'])).toBe('')
    expect(didYouMean('x', ['a'])).toBe('')
  })
})

it('turns commander\'s words into a sentence that names the variable a value came from', () => {
  expect(invalid('error: option \'--max-steps <n>\' argument \'0\' is invalid. Write a whole number of at least 1, like 10.')).toBe('the flag --max-steps cannot be "0". Write a whole number of at least 1, like 10.')
  expect(invalid('error: option \'--seed <n>\' value \'x\' from env \'KYMO_SEED\' is invalid. Write.')).toBe('the flag --seed (from KYMO_SEED) cannot be "x". Write.')
  expect(invalid('error: option \'--profile <name>\' argument \'big\' is invalid. Allowed choices are small, full.')).toBe('the flag --profile cannot be "big". Choose one of small, full.')
})

it('names every flag of MLAgentBench that was given and does nothing', () => {
  expect(notesOnOldFlags({ llmName: 'claude-v1', device: '0', agentType: 'baseline', maxSteps: 3 }).map((note) => note.split(' ')[0])).toEqual(['--device'])
})

it('reads NATS addresses with their tokens and refuses others', () => {
  expect(natsAddress('nats://secret@10.0.0.5:4222')).toEqual({ url: 'nats://10.0.0.5:4222', token: 'secret' })
  expect(natsAddress('localhost:4222')).toEqual({ url: 'nats://localhost:4222', token: '' })
  for (const text of ['http://x', 'nats://', '::', '']) expect(() => natsAddress(text)).toThrow('no NATS address')
})

it('quotes words for a shell only where it must', () => {
  expect([quote('.kymo'), quote('my store'), quote('it\'s')]).toEqual(['.kymo', '\'my store\'', '\'it\'\\\'\'s\''])
})
