import { z } from 'zod'
import { canonicalJson } from '../../../../schemas/canonical-json.ts'
import { KymoError } from '../../../../schemas/errors.ts'
import type { BlobName } from '../../../../schemas/record.ts'
import type { BlobStore } from '../../../blobs/index.ts'
import { recordedAnswer } from './item.ts'
import type { RecordedAnswer, Recording } from './item.ts'

const PER_NODE = 32
const node = z.object({ prev: z.object({ ref: z.string(), bytes: z.number() }).nullable(), items: z.array(recordedAnswer) })

/** Stores answers as a linked list, the newest first, so that the run which is answered from them names all they need. */
export async function storeAnswers({ answers }: Pick<Recording, 'answers'>, blobs: Pick<BlobStore, 'put'>): Promise<BlobName> {
  let prev: { ref: string; bytes: number } | null = null
  for (let at = 0; at < answers.length || prev === null; at += PER_NODE) {
    const bytes: Uint8Array = Buffer.from(canonicalJson({ prev, items: answers.slice(at, at + PER_NODE) }))
    prev = { ref: await blobs.put(bytes), bytes: bytes.length }
  }
  return { hash: prev.ref, kind: 'list', bytes: prev.bytes }
}

/** The answers of a list, in the order of their questions. Throws KYMO_ANSWERS when it holds something else. */
export async function loadAnswers(hash: string, blobs: Pick<BlobStore, 'get'>): Promise<RecordedAnswer[]> {
  const nodes: RecordedAnswer[][] = []
  for (let ref: string | undefined = hash; ref !== undefined;) {
    const parsed = node.safeParse(JSON.parse(Buffer.from(await blobs.get(ref)).toString()))
    if (!parsed.success) throw new KymoError('KYMO_ANSWERS', `the list of recorded answers ${hash.slice(0, 12)} holds something else: ${parsed.error.issues[0]?.path.join('.') ?? ''} ${parsed.error.issues[0]?.message ?? ''}`)
    nodes.push(parsed.data.items)
    ref = parsed.data.prev?.ref
  }
  return nodes.toReversed().flat()
}
