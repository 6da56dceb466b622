import { expect, test } from 'vitest'
import { encodeEvent, schemaVersion } from '../../schemas/codec.ts'
import type { EventPayloads, EventType } from '../../schemas/generated/events.ts'
import { sha256, sha256Hex } from '../../schemas/hash.ts'
import { blobMissing } from '../../src/blobs/index.ts'
import { foresee } from '../../src/host/foresee.ts'
import type { Outlook } from '../../src/host/foresee.ts'
import { logicOf, newActor } from '../../src/host/index.ts'
import type { ActorState } from '../../src/host/index.ts'

const RUN = '00000000-0000-4000-8000-000000000000'
const event = <T extends EventType>(type: T, to: string, payload: EventPayloads[T]): Outlook['events'][number] => ({
  event_id: sha256(type), type, schema_version: schemaVersion(type), from: 'environment', to, cause_id: sha256('cause'), correlation_id: new Uint8Array(), blobs: [], payload: encodeEvent(type, payload),
})
/** Nobody sends this to an agent, who says so to the log and to nobody else. */
const strange = event('tool.answered', 'agent', { call: 1, ok: true })

function outlook(more: Partial<Outlook> = {}): Outlook {
  const actors = new Map<string, ActorState>()
  const state = (actor: string): ActorState => {
    const known = actors.get(actor) ?? newActor(actor, logicOf(actor, 'scripted'))
    actors.set(actor, known)
    return known
  }
  return { runId: RUN, events: [strange], from: 7, at: 1000, state, take: () => true, read: (hash) => { throw blobMissing(hash) }, remember: () => undefined, room: 100_000, ...more }
}

test('an answer names the place and the event that it assumes, and is the same each time', async () => {
  const { links } = await foresee(outlook())
  expect(links.map((link) => ('actor' in link ? [link.actor, link.cause.seq, link.cause.at, link.cause.id, link.events.map(({ type }) => type)] : [link.effect]))).toEqual([['agent', 7, 1000, sha256Hex('tool.answered'), ['actor.stepped', 'protocol.violated']]])
  expect((await foresee(outlook())).links[0]?.events).toEqual(links[0]?.events)
})

test('an actor that somebody else steps answers nothing here, and nothing after it either', async () => {
  const asked: string[] = []
  const { links } = await foresee(outlook({ events: [strange, strange], take: (actor) => { asked.push(actor); return asked.length > 1 } }))
  expect(links).toEqual([])
  expect(asked).toEqual(['agent'])
})

test('what needs a blob that cannot be read ends the foresight, not the append', async () => {
  const healthy = newActor('agent', logicOf('agent', 'scripted'))
  const state = { ...healthy, hosted: { ...healthy.hosted, logic: { ...healthy.hosted.logic, needs: () => ['ab'.repeat(32)] } } }
  expect((await foresee(outlook({ state: () => state }))).links).toEqual([])
})

test('what does not fit beside the events waits for its own turn', async () => {
  expect((await foresee(outlook({ room: 100 }))).links).toEqual([])
})
