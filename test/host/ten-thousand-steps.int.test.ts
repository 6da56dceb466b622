import { expect, it } from 'vitest'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import { EVERYTHING, answers } from './begun-with.ts'
import { playInMemory } from './in-memory-run.ts'

/** One item in eight is a question, which is no step. */
const ITEMS = 11_500
const STEPS = 10_000
const LIMIT = 16 * 1024

/** Reads, writes of equal size, undos, scripts, questions, refusals, composites: a working agent's day, again and again. */
const action = (n: number): object => {
  const file = `notes/${n % 5}.txt`
  if (n % 48 === 6) return { action: 'Edit Script (AI)', args: { script_name: 'train.py', edit_instruction: 'count on', save_name: 'edited.py' } }
  if (n % 48 === 14) return { action: 'Append Summary to Research Log', args: { content: `summary ${String(n).padStart(6, '0')}` } }
  if (n % 48 === 22) return { action: 'Understand File', args: { file_name: 'train.py', things_to_look_for: 'all' } }
  switch (n % 8) {
    case 0: return { action: 'Execute Script', args: { script_name: 'train.py' } }
    case 1: case 2: case 3: return { action: 'Write File', args: { file_name: file, content: `note ${String(n).padStart(6, '0')}\n` } }
    case 4: return { action: 'Undo Edit Script', args: { script_name: `notes/${(n - 1) % 5}.txt` } }
    case 5: return { ask: `question ${String(n).padStart(6, '0')}` }
    case 6: return { action: 'Read File', args: { file_name: 'train.py' }, thought: `thought ${String(n).padStart(6, '0')}` }
    default: return { action: 'No Such Action', args: {} }
  }
}

it(`nothing that a machine keeps grows over ${STEPS} steps, and a step costs the same at the end as at the beginning`, async () => {
  const largest = new Map<string, number>()
  const window = { records: 0, blobs: 0 }
  const bytes: number[] = []
  const seen = new Set<string>()
  const actors: number[] = []
  const started = performance.now()
  const run = await playInMemory({
    actions: Array.from({ length: ITEMS }, (_, n) => action(n)), replies: ['a'], gradeSteps: true,
    started: { ...EVERYTHING, limits: { max_steps: ITEMS, max_time_ms: 0, max_tokens: 0, max_cost_usd: 0 } }, effects: answers,
    onRecord: (event, record, fold) => {
      window.records += record.length
      for (const { hash, bytes: size } of event.blobs) if (!seen.has(hash)) { seen.add(hash); window.blobs += size }
      if (event.type === 'actor.stepped') {
        const state = fold.actors.get(event.payload.actor)
        if (state === undefined) return
        const kind = event.payload.actor.split('/')[0] ?? ''
        largest.set(kind, Math.max(largest.get(kind) ?? 0, Buffer.byteLength(canonicalJson(state.snapshot.context))))
      }
      if (event.type === 'observation.delivered' && event.payload.step % 1000 === 0) {
        bytes.push((window.records + window.blobs) / 1000)
        window.records = 0
        window.blobs = 0
        actors.push([...fold.actors.values()].filter(({ snapshot }) => Object.keys(snapshot.context as object).length > 0).length)
      }
    },
  })
  const seconds = (performance.now() - started) / 1000
  const steps = run.events.filter(({ type }) => type === 'step.begun').length
  console.log(`${steps} steps, ${run.events.length} events in ${seconds.toFixed(1)} s; largest contexts in bytes: ${[...largest].map(([actor, size]) => `${actor} ${size}`).join(', ')}; bytes a step by thousands: ${bytes.map((size) => size.toFixed(0)).join(' ')}`)
  expect(steps).toBeGreaterThan(STEPS)
  expect(run.events.at(-1)?.payload).toMatchObject({ status: 'finished' })
  for (const [actor, size] of largest) expect([actor, size < LIMIT]).toEqual([actor, true])
  expect([...largest.keys()].sort()).toEqual(['agent', 'environment', 'evaluator', 'executor', 'llm-tool'])
  // Numbers in ids and counters gain digits; nothing else may gain anything.
  expect(Math.max(...bytes.slice(1)) / Math.min(...bytes.slice(1))).toBeLessThan(1.05)
  // Instances that have answered leave nothing but their name.
  expect(Math.max(...actors)).toBeLessThan(10)
}, 180_000)
