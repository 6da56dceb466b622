import { expect, test } from 'vitest'
import { MESSAGE_OF } from '../../schemas/generated/events.ts'
import type { EventType } from '../../schemas/generated/events.ts'
import { messageOf } from '../../schemas/errors.ts'
import { blobMissing } from '../../src/blobs/index.ts'
import { logicOf, newActor, newEvent, react } from '../../src/host/index.ts'
import { playInMemory } from '../host/in-memory-run.ts'
import { RUNS } from '../host/recorded-runs.ts'
import { seeded } from '../seeded.ts'
import { mutated, placedAt, randomMessage, withPayload } from './mutate.ts'

const ACTORS = [['agent', 'scripted'], ['agent', 'baseline'], ['environment', 'scripted'], ['executor/3', ''], ['llm-tool/3', ''], ['evaluator', '']] as const
const STORIES = 250
const LENGTH = 25

test('no actor throws, and none answers with what cannot be written, whatever reaches it', { timeout: 120_000 }, async () => {
  const random = seeded(11)
  const runs = await Promise.all(['every file action', 'every composite', 'scripts that end in every way', 'questions to a model that fails twice', 'graded at every step'].map((name) => playInMemory(RUNS[name] ?? {})))
  const texts = new Map<string, string>()
  for (const { blobs } of runs) for (const [hash, bytes] of blobs.contents) texts.set(hash, Buffer.from(bytes).toString())
  const read = (hash: string): string => {
    const text = texts.get(hash)
    if (text === undefined) throw blobMissing(hash)
    return text
  }
  const hashes = [...texts.keys()]
  const types = Object.keys(MESSAGE_OF) as EventType[]
  const counts = { events: 0, faults: 0, violations: 0, answers: 0 }
  const problems = new Set<string>()

  for (const [name, agent] of ACTORS) {
    const kind = name.split('/')[0] ?? ''
    const valid = runs.map(({ events }) => events.filter((event) => event.to.split('/')[0] === kind))
    for (let story = 0; story < STORIES; story++) {
      const own = valid[story % valid.length] ?? []
      const start = Math.floor(random() * own.length)
      let state = newActor(name, logicOf(name, agent))
      for (let at = 0; at < LENGTH; at++) {
        const base = own[Math.min(at, own.length - 1)] ?? runs[0]?.events[0]
        if (base === undefined) throw new Error('nothing was recorded')
        const dice = at < start ? 1 : random()
        let event = base
        try {
          if (dice < 0.4) event = mutated({ random, hashes }, base)
          else if (dice < 0.7) {
            const type = types[Math.floor(random() * types.length)] as EventType
            event = withPayload(base, type, randomMessage({ random, hashes }, MESSAGE_OF[type]))
          }
        } catch {
          continue
        }
        event = placedAt(event, at)
        counts.events++
        try {
          const reaction = await react(state, event, read)
          reaction.drafts.forEach((draft, index) => newEvent(event.runId, event, name, draft, index))
          for (const { type } of reaction.drafts) {
            if (type === 'actor.faulted') counts.faults++
            else if (type === 'protocol.violated') counts.violations++
            else if (type !== 'actor.stepped') counts.answers++
          }
          for (const { hash, data } of reaction.blobs) texts.set(hash, Buffer.from(data).toString())
          state = reaction.next
        } catch (error) {
          problems.add(`${name} (${agent}) at ${event.type}: ${messageOf(error).slice(0, 300)}`)
        }
      }
    }
  }
  console.log(`fuzzed machines: ${counts.events} events, ${counts.answers} answers, ${counts.violations} violations recorded, ${counts.faults} faults recorded, ${problems.size} kinds of throw`)
  expect([...problems].sort()).toEqual([])
})
