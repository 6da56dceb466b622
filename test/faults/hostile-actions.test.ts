import { expect, test } from 'vitest'
import { ACTIONS } from '../../actors/index.ts'
import { messageOf } from '../../schemas/errors.ts'
import type { EventPayloads } from '../../schemas/generated/events.ts'
import { sha256Hex } from '../../schemas/hash.ts'
import { hydrate, logicOf, newActor, newEvent, react } from '../../src/host/index.ts'
import { runFileActionWith } from '../../src/workspace/index.ts'
import { playInMemory } from '../host/in-memory-run.ts'
import { RUNS } from '../host/recorded-runs.ts'
import { seeded } from '../seeded.ts'
import { HOSTILE_NAMES, placedAt, withPayload } from './mutate.ts'

const deep = (depth: number, open: string, close: string): string => open.repeat(depth) + close.repeat(depth)
const MEGABYTE = 'a'.repeat(2 ** 20)

/** What stands where arguments are expected: no JSON, JSON of another kind, and JSON that hurts. */
const RAW = [
  '', ' ', 'null', 'true', '0', '"text"', '[]', '[{}]', '{', '{"a":}', 'undefined', '{"a":1}{"b":2}', '\u0000', '{"__proto__":{"file_name":"train.py"}}', '{"constructor":{"prototype":{"x":1}}}',
  deep(50_000, '[', ']'), `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`, `"${MEGABYTE}"`, MEGABYTE, '{"file_name":1e999}', '{"file_name":{"toString":"x"}}', `{${Array.from({ length: 5000 }, (_, n) => `"k${n}":${n}`).join()}}`,
]
/** What stands where a path, a text or a number is expected. */
const VALUES: readonly string[] = [
  '"\\ud800"', '"\\udc00x"', '"a\\u0000b"', '"../../../etc/passwd"', '"/etc/passwd"', '"C:\\\\x"', '"."', '""', '"a//b/./c/.."', '"__proto__"', '"constructor"', '"~root"', '"train.py/"', '"train.py/x"', '"\\u202etxt.py"', '"e\\u0301"',
  `"${'d/'.repeat(5000)}x"`, `"${MEGABYTE}"`, '-1', '0', '1e308', '0.5', '9007199254740993', 'null', 'true', '[]', '{}', '["train.py"]', '"train.py"', '"notes/0.txt"', '1', '2', deep(5000, '[', ']'),
]

test('the environment answers every hostile action with an observation or an effect, never with a fault, and file actions carry out what it lets pass', { timeout: 120_000 }, async () => {
  const random = seeded(3)
  const run = await playInMemory(RUNS['every composite'] ?? {})
  const texts = new Map<string, string>()
  const read = (hash: string): string => texts.get(hash) ?? Buffer.from(run.blobs.contents.get(hash) ?? new Uint8Array()).toString()
  const started = run.events.find(({ type }) => type === 'run.started')
  const asked = run.events.find(({ type }) => type === 'action.requested')
  if (started === undefined || asked === undefined) throw new Error('nothing was recorded')
  const ready = (await react(newActor('environment', logicOf('environment', '')), started, read)).next

  const counts = { asked: 0, refused: 0, accepted: 0, carriedOut: 0 }
  const problems = new Set<string>()
  const ask = async (name: string, args: string, base = ''): Promise<void> => {
    counts.asked++
    const what = `${name.slice(0, 30)} ${args.slice(0, 60)}`
    const hash = sha256Hex(args)
    texts.set(hash, args)
    const event = placedAt(withPayload(asked, 'action.requested', { call: 1, name, arguments: { ref: hash, bytes: Buffer.byteLength(args) }, base }), 100)
    try {
      const { drafts, blobs } = await react(ready, event, read)
      for (const blob of blobs) run.blobs.contents.set(blob.hash, blob.data)
      drafts.forEach((draft, index) => newEvent(event.runId, event, 'environment', draft, index))
      if (drafts.some(({ type }) => type === 'actor.faulted' || type === 'protocol.violated')) problems.add(`${what}: ${JSON.stringify(drafts[0]?.payload).slice(0, 300)}`)
      const observed = drafts.find(({ type }) => type === 'observation.delivered')
      const effect = drafts.find(({ type }) => type === 'effect.requested')
      if (observed !== undefined) {
        counts.refused++
        const payload = await hydrate('observation.delivered', observed.payload as EventPayloads['observation.delivered'], async (ref) => Buffer.from(await run.blobs.get(ref)).toString())
        if ((payload.observation?.text?.length ?? 0) > 20_000) problems.add(`${what}: a refusal of ${payload.observation?.text?.length ?? 0} characters`)
      } else counts.accepted++
      const spec = (effect?.payload as EventPayloads['effect.requested'] | undefined)?.file
      if (spec === undefined) return
      const fileArguments = JSON.parse(Buffer.from(await run.blobs.get(spec.arguments?.ref ?? '')).toString()) as Record<string, unknown>
      await runFileActionWith(run.blobs, { action: spec.action, args: fileArguments, tree: spec.tree, layers: spec.layers, edits: spec.edits?.ref ?? '', readOnly: spec.read_only, step: spec.step })
      counts.carriedOut++
    } catch (error) {
      problems.add(`${what}: ${messageOf(error).slice(0, 200)}`)
    }
  }

  for (const name of HOSTILE_NAMES) for (const args of ['{}', ...RAW]) await ask(name, args)
  for (const { name, args } of ACTIONS.values()) {
    for (const raw of RAW) await ask(name, raw)
    const fields = Object.keys(args.shape)
    for (let round = 0; round < 300; round++) {
      const given = fields.filter(() => random() < 0.95).map((field) => `${JSON.stringify(field)}:${VALUES[Math.floor(random() * VALUES.length)] ?? '1'}`)
      if (random() < 0.05) given.push('"__proto__":{"x":1}')
      await ask(name, `{${given.join()}}`, random() < 0.05 ? HOSTILE_NAMES[Math.floor(random() * HOSTILE_NAMES.length)] ?? '' : '')
    }
  }
  console.log(`hostile actions: ${counts.asked} asked, ${counts.refused} answered at once, ${counts.accepted} accepted, ${counts.carriedOut} file actions carried out, ${problems.size} problems`)
  expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  expect([...problems].slice(0, 20)).toEqual([])
})
