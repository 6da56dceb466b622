import { describe, expect, it } from 'vitest'
import { RETRIED } from '../../../schemas/completion.ts'
import { FAULTS, faultQueue, startModelServer } from '../../model-server/index.ts'
import type { Fault, FaultName } from '../../model-server/index.ts'
import { ask } from './ask.ts'
import type { Asked } from './ask.ts'
import { WIRES, keysFor, settingsFor } from './wires.ts'
import type { Wire } from './wires.ts'

/** How the first call ends: a failure with this code, or an answer that stopped for this reason. */
type End = { code: string } | { stop: string }
const CODES: Readonly<Record<FaultName, End | ((wire: Wire, stream: boolean) => End)>> = {
  authentication: { code: 'authentication' }, permission: { code: 'permission' }, 'model-not-found': { code: 'model_not_found' }, 'quota-exhausted': { code: 'quota_exhausted' },
  'rate-limited': { code: 'rate_limited' }, overloaded: { code: 'overloaded' }, 'server-error': { code: 'server_error' }, 'bad-gateway': { code: 'server_error' }, unavailable: { code: 'server_error' }, 'gateway-timeout': { code: 'timeout' },
  'context-overflow': { code: 'context_overflow' }, 'request-too-large': { code: 'context_overflow' }, 'unsupported-parameter': { code: 'unsupported_parameter' },
  'time-out': { code: 'timeout' }, 'stall-mid-reply': { code: 'timeout' }, 'cut-before-headers': { code: 'connection' }, 'cut-mid-reply': { code: 'connection' },
  'malformed-json': { code: 'bad_reply' },
  // What ends without an error ends, in a stream, without its end.
  'ends-early': (_wire, stream) => ({ code: stream ? 'connection' : 'bad_reply' }), 'empty-body': (_wire, stream) => ({ code: stream ? 'connection' : 'bad_reply' }),
  'error-mid-stream': (wire, stream) => ({ code: stream && wire === 'anthropic' ? 'overloaded' : 'server_error' }),
  'empty-reply': { stop: 'stop' }, refusal: { stop: 'refusal' }, truncated: { stop: 'length' },
  'content-filter': (wire) => (wire === 'anthropic' ? { code: 'content_filter' } : { stop: 'content_filter' }),
}
/** Codes after which the machine asks again, at once and differently. */
const CHANGED = new Set(['context_overflow', 'unsupported_parameter'])
/** Nothing of a reply arrives. */
const NOTHING_RAW: ReadonlySet<FaultName> = new Set(['time-out', 'cut-before-headers', 'empty-body'])

const firstOf = (asked: Asked): End => {
  const [first] = asked.outcomes
  return first?.ok === true ? { stop: first.outcome.completion?.stop_reason ?? '' } : { code: first?.error.code ?? '' }
}

describe.each(WIRES)('through the SDK of %s', (wire) => {
  describe.each([[false, 'in one piece'], [true, 'as a stream']])('%s: %s', (stream) => {
    it.each(FAULTS)('%s', async (name) => {
      await using server = await startModelServer({ reply: () => ({ text: 'well again' }), faults: faultQueue([name]) })
      const asked = await ask({ settings: settingsFor(wire, server, { stream, timeout_ms: name === 'time-out' || name === 'stall-mid-reply' ? 150 : 10_000 }), keys: keysFor(wire, server) })
      const planned = CODES[name]
      const end = typeof planned === 'function' ? planned(wire, stream) : planned
      expect(firstOf(asked)).toEqual(end)
      const [first] = asked.outcomes
      if (first === undefined) throw new Error('nothing was asked')
      const raw = first.ok ? first.outcome.completion?.raw : first.raw
      expect(Buffer.from(raw?.ref === undefined ? '' : await asked.tool.blobs.get(raw.ref)).length > 0).toBe(!NOTHING_RAW.has(name))

      const again = name === 'empty-reply' || ('code' in end && (RETRIED.has(end.code) || CHANGED.has(end.code)))
      expect(server.requests.map(({ outcome }) => outcome)).toEqual(again ? [name, 'ok'] : [name])
      expect(asked.pauses).toEqual(again && !('code' in end && CHANGED.has(end.code)) ? [1000] : [])
      const { delivered } = asked
      if (again) expect(delivered).toMatchObject({ ok: true, reply: { text: 'well again' }, stop_reason: 'stop' })
      else if ('stop' in end && end.stop === 'length') expect(delivered).toMatchObject({ ok: true, stop_reason: 'length' })
      else expect(delivered).toMatchObject({ ok: false, stop_reason: 'error', error: { source: 'provider', code: 'stop' in end ? end.stop : end.code } })
      // Whatever was answered was paid for, of whatever use it is.
      expect(asked.usages).toHaveLength(asked.outcomes.filter(({ ok }) => ok).length)
      for (const usage of asked.usages) expect(usage).toMatchObject({ call: 4, role: 'model', source: 'live' })
      expect(asked.usages.every(({ input_tokens }) => input_tokens > 0)).toBe(true)
    })

    it.each<[string, Fault, number]>([
      ['a number of seconds', { fault: 'rate-limited', retryAfter: 7 }, 7000], ['milliseconds', { fault: 'overloaded', retryAfterMs: 2345 }, 2345], ['too short a time', { fault: 'server-error', retryAfterMs: 10 }, 1000],
    ])('the provider\'s own pause is kept: %s', async (_title, fault, pause) => {
      await using server = await startModelServer({ reply: () => ({ text: 'yes' }), faults: faultQueue([fault]) })
      const asked = await ask({ settings: settingsFor(wire, server, { stream }), keys: keysFor(wire, server) })
      expect(asked.pauses).toEqual([pause])
    })

    it('the provider\'s own pause may be a date', async () => {
      await using server = await startModelServer({ reply: () => ({ text: 'yes' }), faults: faultQueue([{ fault: 'rate-limited', retryAfterDate: 30 }]) })
      const { pauses: [pause = 0] } = await ask({ settings: settingsFor(wire, server, { stream }), keys: keysFor(wire, server) })
      expect(pause).toBeGreaterThan(20_000)
      expect(pause).toBeLessThanOrEqual(31_000)
    })
  })
})
