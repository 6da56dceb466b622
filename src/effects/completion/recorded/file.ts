import { readFile, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { canonicalJson } from '../../../../schemas/canonical-json.ts'
import { KymoError, messageOf } from '../../../../schemas/errors.ts'
import { sha256Hex } from '../../../../schemas/hash.ts'
import type { BlobStore } from '../../../blobs/index.ts'
import { recordedAnswer } from './item.ts'
import type { Recording } from './item.ts'

const FORMAT = 'kymo.answers.v1'
const content = z.union([z.string(), z.object({ base64: z.base64() })])
const file = z.object({ format: z.literal(FORMAT), run: z.string(), llm: z.string(), answers: z.array(recordedAnswer), blobs: z.record(z.string(), content) })

/** Writes a run's answers, with every text that they and their prompts name, to one JSON file that another store can answer from. */
export async function exportAnswers(recording: Recording, blobs: Pick<BlobStore, 'get'>, path: string): Promise<{ answers: number; blobs: number; bytes: number }> {
  const contents = new Map<string, z.infer<typeof content>>()
  const add = async (hash: string): Promise<Uint8Array> => {
    const bytes = await blobs.get(hash)
    const text = Buffer.from(bytes).toString()
    contents.set(hash, Buffer.compare(Buffer.from(text), bytes) === 0 ? text : { base64: Buffer.from(bytes).toString('base64') })
    return bytes
  }
  for (const answer of recording.answers) {
    const { base, ...spec } = answer.spec
    for (const { ref } of refsIn([spec, answer.reply, answer.failure])) if (!contents.has(ref)) await add(ref)
    // A prompt is a linked list whose beginning many answers share.
    for (let node = base?.ref; node !== undefined && !contents.has(node);) {
      const { prev, items } = z.object({ prev: z.object({ ref: z.string() }).nullable(), items: z.array(z.unknown()) }).parse(JSON.parse(Buffer.from(await add(node)).toString()))
      for (const { ref } of refsIn(items)) if (!contents.has(ref)) await add(ref)
      node = prev?.ref
    }
  }
  const { run, llm, answers } = recording
  const text = `${JSON.stringify({ format: FORMAT, run, llm, answers: JSON.parse(canonicalJson(answers)) as unknown, blobs: Object.fromEntries([...contents].sort(([a], [b]) => (a < b ? -1 : 1))) }, undefined, 1)}\n`
  await writeFile(path, text).catch((cause: unknown) => { throw new KymoError('KYMO_EXPORT', `${path} cannot be written (${messageOf(cause)}). Name another file with --out`, { cause }) })
  return { answers: answers.length, blobs: contents.size, bytes: Buffer.byteLength(text) }
}

/** Reads such a file and stores its texts. Throws KYMO_ANSWERS, with the file's name and what is wrong with it. */
export async function readAnswersFile(path: string, blobs: Pick<BlobStore, 'put'>): Promise<Recording> {
  const wrong = (what: string, cause?: unknown): KymoError => new KymoError('KYMO_ANSWERS', `${path} is no file of recorded answers (${what}). "kymo export RUN --format answers --out FILE" writes one`, { cause })
  let parsed: ReturnType<typeof file.safeParse>
  try {
    parsed = file.safeParse(JSON.parse(await readFile(path, 'utf8')))
  } catch (cause) {
    throw wrong(messageOf(cause), cause)
  }
  if (!parsed.success) throw wrong(`${parsed.error.issues[0]?.path.join('.') ?? ''}: ${parsed.error.issues[0]?.message ?? ''}`)
  const { run, llm, answers, blobs: contents } = parsed.data
  for (const { ref } of refsIn(answers)) if (!Object.hasOwn(contents, ref)) throw wrong(`an answer names ${ref.slice(0, 12)}, which is not in it`)
  for (const [hash, value] of Object.entries(contents)) {
    const bytes = typeof value === 'string' ? Buffer.from(value) : Buffer.from(value.base64, 'base64')
    if (sha256Hex(bytes) !== hash) throw wrong(`the text named ${hash.slice(0, 12)} was changed; what is byte-equal no more cannot be answered from`)
    await blobs.put(bytes)
  }
  return { run, llm, answers }
}

/** Everything of the form {ref, bytes} in a value. */
function refsIn(value: unknown): Array<{ ref: string }> {
  if (typeof value !== 'object' || value === null) return []
  const own = 'ref' in value && typeof value.ref === 'string' && 'bytes' in value ? [{ ref: value.ref }] : []
  return [...own, ...Object.values(value).flatMap(refsIn)]
}
