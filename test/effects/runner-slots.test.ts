import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { encodeEvent, schemaVersion } from '../../schemas/codec.ts'
import { Envelope } from '../../schemas/record.ts'
import { sha256, sha256Hex } from '../../schemas/hash.ts'
import { Decision } from '../../src/journal/index.ts'
import type { StoreConnection } from '../../src/bus/index.ts'
import type { EffectHandler } from '../../src/effects/attempt.ts'
import { Runner } from '../../src/effects/runner.ts'

const RUN = new Uint8Array(16)
const grantOf = (name: string, kind: string, fence: number) => {
  const envelope = {
    format: 1, run_id: RUN, seq: fence - 1, event_id: sha256(name), type: 'effect.requested', schema_version: schemaVersion('effect.requested'), from: 'executor/1', to: 'runner', prev_to: -1, cause_id: sha256('cause'), correlation_id: new Uint8Array(),
    attempt: 0, fence: 0, recorded_at_ms: 1, writer_epoch: 1, prev_hash: new Uint8Array(32), blobs: [], payload: encodeEvent('effect.requested', { kind, call: 1, max_attempts: 3, retry_of: '' }),
  }
  return { run_id: RUN, effect_id: sha256(name), attempt: 1, fence, record: Envelope.encode(envelope).finish(), lease_ms: 1000 }
}

/** The one slot for scripts is claimed and waits, when the reply to a model's answer brings a script: how often scripts are claimed while it runs, and after it. */
async function claimsOfScripts(claimFirst: boolean): Promise<{ during: number; after: number; ran: string[] }> {
  const [question, script] = [grantOf('question', 'completion', 3), grantOf('script', 'execution', 7)]
  const ran: string[] = []
  const claims = { completion: 0, execution: 0 }
  const pause = (late: boolean): Promise<void> => sleep(late ? 60 : 10)
  let tell: () => void = () => undefined
  const recorded = new Promise<void>((resolve) => { tell = resolve })
  const client = {
    session: new Uint8Array(16), heartbeat: async () => ({ lost: [], cancelled: [] }), release: async () => ({}), blobs: { remember: () => undefined },
    claim: async ({ kinds: [kind] }: { kinds: Array<keyof typeof claims> }) => {
      const nth = kind === undefined ? 0 : ++claims[kind]
      if (nth > 1) return new Promise(() => undefined)
      if (kind === 'completion') return { decision: Decision.OK, reason: '', grants: [question], taken: [] }
      await recorded
      await pause(!claimFirst)
      return { decision: Decision.OK, reason: '', grants: [], taken: [script.effect_id] }
    },
    append: async ({ outcome }: { outcome?: { fence: number } }) => {
      if (outcome?.fence !== question.fence) return { decision: Decision.OK, reason: '', grants: [] }
      tell()
      await pause(claimFirst)
      return { decision: Decision.OK, reason: '', grants: [script] }
    },
  } as unknown as StoreConnection
  const handle = (ms: number): EffectHandler => async ({ effectId }) => {
    await sleep(ms)
    ran.push(effectId)
    return { ok: true, outcome: {} }
  }
  const runner = new Runner({ client, scope: { run: RUN }, onFatal: (error) => { throw error }, kinds: { completion: { slots: 4, handle: handle(5) }, execution: { slots: 1, handle: handle(300) } } })
  await sleep(200)
  const during = claims.execution
  await sleep(500)
  await runner.stop()
  return { during, after: claims.execution, ran }
}

test.each([['the claim', true], ['the reply', false]])('a slot that a grant in a reply took is not claimed for anew, when %s comes first', async (_, claimFirst) => {
  expect(await claimsOfScripts(claimFirst)).toEqual({ during: 1, after: 2, ran: [sha256Hex('question'), sha256Hex('script')] })
})
