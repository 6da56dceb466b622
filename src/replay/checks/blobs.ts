import { isKymoError } from '../../../schemas/errors.ts'
import type { AnyEvent } from '../../../schemas/record.ts'
import { problem } from '../problem.ts'
import type { Check, Problem } from '../problem.ts'
import { Reach } from '../reach.ts'
import type { Reached } from '../reach.ts'
import type { BlobReader } from '../source.ts'

export interface BlobsCheck extends Check {
  readonly counts: () => { blobs: number; bytes: number }
  /** A blob that an action read without its record naming it: a layer's file. */
  readonly read: (event: AnyEvent, hash: string) => Promise<Problem[]>
}

/** Contract 5: everything that a record names, directly or through a tree or list, is there and is what its name says. */
export function blobsCheck(blobs: BlobReader): BlobsCheck {
  const reach = new Reach(blobs)
  let count = 0
  let bytes = 0

  const check = async ({ hash, kind, seq, actor, via }: Reached): Promise<Problem[]> => {
    count++
    try {
      bytes += await blobs.check(hash)
      return []
    } catch (error) {
      if (!isKymoError(error, 'KYMO_BLOB_MISSING') && !isKymoError(error, 'KYMO_BLOB_DAMAGED')) throw error
      const what = error.code === 'KYMO_BLOB_MISSING' ? 'missing' : 'damaged'
      return [problem('blobs', { seq, actor }, `blobs.${kind}`, hash, what, `blob ${hash} is ${what}; seq ${seq} (from ${actor}) names it${via.includes(' ') ? ` through ${via}` : ` in its ${via}`}`)]
    }
  }

  const all = async (named: readonly Reached[]): Promise<Problem[]> => {
    const found: Problem[] = []
    for (const one of named) for await (const reached of reach.reach(one)) found.push(...(await check(reached)))
    return found
  }

  return {
    counts: () => ({ blobs: count, bytes }),
    apply: (event) => {
      const named = reach.direct(event)
      return named.length === 0 ? [] : all(named)
    },
    read: (event, hash) => all([{ hash, kind: 'bytes', seq: event.seq, actor: event.from, via: event.type }]),
  }
}
