import { expect, it } from 'vitest'
import { age, bytes, change, count, duration, number, oneLine, printable } from '../../src/cli/format.ts'

it('writes durations as people say them', () => {
  expect([0, 340, 999.4, 2500, 9949, 41_000, 59_499, 59_600, 83_000, 3_600_000, 7_500_000, 86_399_999, 273_600_000].map(duration))
    .toEqual(['0 ms', '340 ms', '999 ms', '2.5 s', '9.9 s', '41 s', '59 s', '1m 00s', '1m 23s', '1h 00m', '2h 05m', '1d 0h', '3d 4h'])
})

it('writes ages, sizes, counts and changes with their units', () => {
  expect([500, 12_000, 300_000, 10_800_000, 90_000_000, 200_000_000].map(age)).toEqual(['now', '12 s ago', '5 min ago', '3 h ago', '1 day ago', '2 days ago'])
  expect([0, 512, 1536, 12 * 2 ** 20, 1023.9 * 1024, 5 * 2 ** 40].map(bytes)).toEqual(['0 B', '512 B', '1.5 KiB', '12 MiB', '1.0 MiB', '5.0 TiB'])
  expect([count(1, 'step'), count(2, 'step'), count(0, 'run was', 'runs were')]).toEqual(['1 step', '2 steps', '0 runs were'])
  expect([0.932, -0.1, 0, -0.00001, 12.345, 470408162.27].map(change)).toEqual(['+93.2 %', '-10.0 %', '0.0 %', '0.0 %', '+1235 %', '+4.7e+10 %'])
})

it('keeps numbers readable and never loses whole digits', () => {
  expect([0, 4, 0.00234123, 12.3456, 93810.27, 1234567.8, 1.2e-9, -3.14159, Number.NaN].map(number)).toEqual(['0', '4', '0.002341', '12.35', '93810', '1234568', '1.20e-9', '-3.142', 'NaN'])
})

it('lets no control character of a program or a model reach the terminal', () => {
  expect(printable('a\u001b[31mred\u001b[0m\u001b]0;title\u0007b\u0007\r\nc\u009b2J\td')).toBe('aredb\nc2J\td')
  expect(oneLine('two\nlines  and\tmore', 12)).toBe('two lines a…')
})
