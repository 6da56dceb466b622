import { readText } from '../blobs/index.ts'
import type { BlobStore } from '../blobs/index.ts'
import type { EffectHandler } from './attempt.ts'
import type { Ask } from './machine-room.ts'

/** A person's answer is kept up to this many characters. */
const ANSWER_LIMIT = 1_000_000

/** Asks the person who is there; where nobody is, or nobody answers, it fails at once instead of waiting for ever. */
export const humanHandler = (blobs: BlobStore, ask: Ask | undefined): EffectHandler => async ({ request, signal, put }) => {
  const spec = request.human
  if (spec === undefined || (spec.what !== 'help' && spec.what !== 'action')) return { ok: false, error: { source: 'system', code: 'no_spec', message: 'the question to a person asks nothing' } }
  if (ask === undefined) return nobody('nobody is there to answer: begin or resume the run with --interactive in a terminal')
  const read = async (ref: string | undefined): Promise<string> => (ref === undefined ? '' : readText(blobs, ref))
  const answer = await ask({ what: spec.what, prompt: await read(spec.prompt?.ref), choices: await read(spec.choices?.ref) }, signal)
  if (signal.aborted) return { ok: false, error: { source: 'user', code: 'cancelled', message: 'the question was taken back' } }
  if (answer === undefined) return nobody('nobody answered')
  const text = Buffer.from(answer.slice(0, ANSWER_LIMIT).toWellFormed())
  return { ok: true, outcome: { human: { answer: { ref: await put(text), bytes: text.length } } } }
}

const nobody = (message: string) => ({ ok: false as const, error: { source: 'user', code: 'nobody_there', message } })
