import { ACTIONS } from '../../actors/index.ts'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import type { MemoryBlobs } from '../../src/blobs/index.ts'
import type { Outcome, Requested } from './in-memory-run.ts'

const ROLE = { provider: 'scripted', model: 'scripted', max_tokens: 4000, account: 'environment' }
/** Begins a run of this version: every action, and models for its tools. */
export const EVERYTHING = { actions: [...ACTIONS.keys()], interactive: true, llm: canonicalJson({ model: ROLE, fast: ROLE, edit: ROLE }) }

/** Answers of people and models. */
export const answers = async (request: Requested, blobs: MemoryBlobs): Promise<Outcome | undefined> => {
  const { human, completion } = request.payload
  if (human !== undefined) return { ok: true, outcome: { human: { answer: { ref: await blobs.put(Buffer.from('yes')), bytes: 3 } } } }
  if (completion === undefined) return undefined
  const reply = Buffer.from('```python\nprint(2)\n```')
  return { ok: true, outcome: { completion: { reply: { ref: await blobs.put(reply), bytes: reply.length }, raw: { ref: await blobs.put(reply), bytes: reply.length }, stop_reason: 'stop', served_model: 'm', input_tokens: 30, output_tokens: 4, cost_usd: 0.5, source: 'live' } } }
}
