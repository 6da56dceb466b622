import { statSync } from 'node:fs'
import { llmSettings } from '../../../../schemas/completion.ts'
import type { LlmSettings } from '../../../../schemas/completion.ts'
import { KymoError } from '../../../../schemas/errors.ts'
import { hex } from '../../../../schemas/hash.ts'
import { decodeRecord, formatRunId, parseRunId } from '../../../../schemas/record.ts'
import type { AnyEvent, BlobName } from '../../../../schemas/record.ts'
import { readText } from '../../../blobs/index.ts'
import type { StoreConnection } from '../../../bus/index.ts'
import { Decision } from '../../../journal/index.ts'
import type { ReadText } from '../request/index.ts'
import { collectAnswers } from './collect.ts'
import { readAnswersFile } from './file.ts'
import type { Recording } from './item.ts'
import { storeAnswers } from './list.ts'

type Store = Pick<StoreConnection, 'read' | 'list' | 'blobs'>

/** What `recorded/SOURCE` means: a file of answers, or a run of this store by how its id begins, or `last`. Stored, and the models that gave them. Throws KYMO_ANSWERS. */
export async function recordedAnswers(store: Store, source: string): Promise<{ llm: LlmSettings; answers: BlobName }> {
  const recording = isFile(source) ? await readAnswersFile(source, store.blobs) : await recordingOf(store, await runNamed(store, source))
  const llm = llmSettings.safeParse(JSON.parse(recording.llm))
  if (!llm.success || recording.answers.length === 0) throw new KymoError('KYMO_ANSWERS', `no model answered anything in ${source}, so nothing can be answered from it. "kymo show" tells which models a run asked`)
  return { llm: llm.data, answers: await storeAnswers(recording, store.blobs) }
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true

/** What the models of a run of this store answered so far. */
export function recordingOf(store: Pick<Store, 'read' | 'blobs'>, runId: string): Promise<Recording> {
  const read: ReadText = (hash) => readText(store.blobs, hash)
  return collectAnswers(eventsOf(store, runId), read)
}

async function* eventsOf(store: Pick<Store, 'read'>, runId: string): AsyncGenerator<AnyEvent> {
  for (let next = 0; ;) {
    const reply = await store.read({ run_id: parseRunId(runId), from_seq: next })
    if (reply.decision !== Decision.OK) throw new KymoError('KYMO_ANSWERS', `the run ${runId} cannot be answered from: ${reply.reason}`)
    for (const bytes of reply.records) {
      const event = decodeRecord(Uint8Array.from(bytes))
      next = event.seq + 1
      yield event
    }
    if (reply.records.length === 0 || next > reply.head_seq) return
  }
}

async function runNamed(store: Pick<Store, 'list'>, name: string): Promise<string> {
  const { runs } = await store.list({})
  const wanted = name.replaceAll('-', '').toLowerCase()
  const all = runs.map(({ run_id: id, created_at_ms: at }) => ({ id: Uint8Array.from(id), at })).sort((a, b) => a.at - b.at)
  const found = wanted === 'last' || wanted === '' ? all.slice(-1) : all.filter(({ id }) => hex(id).startsWith(wanted))
  const [one] = found
  if (one === undefined) throw new KymoError('KYMO_ANSWERS', `"${name}" is neither a file nor a run of this store. Write recorded/RUN with an id that "kymo list" shows, or recorded/FILE with a file of "kymo export RUN --format answers"`)
  if (found.length > 1) throw new KymoError('KYMO_ANSWERS', `"${name}" may be any of ${found.length} runs of this store: write more of the id`)
  return formatRunId(one.id)
}
