import { z } from 'zod'
import { KymoError } from '../../../../schemas/errors.ts'
import { readText } from '../../../blobs/index.ts'
import type { BlobStore } from '../../../blobs/index.ts'
import type { Provider, ProviderAnswer, ToolCall } from '../provider.ts'
import type { ReadText } from '../request/index.ts'
import { explainMiss } from './explain-miss.ts'
import type { RecordedAnswer } from './item.ts'
import { loadAnswers } from './list.ts'
import { createOwnQuestions } from './own-questions.ts'

interface Answers { all: RecordedAnswer[]; byKey: Map<string, RecordedAnswer[]> }

const MAX_LISTS = 16

/**
 * Answers from an earlier run: only byte-equal requests, the n-th occurrence of one within the run with the n-th recorded answer, final failures
 * of the provider included. Anything else is the error recorded_miss, which shows the difference. Make one for a process; it keeps nothing that the log does not have.
 */
export function recordedProvider(): Provider {
  const own = createOwnQuestions()
  const lists = new Map<string, Promise<Answers>>()
  const answersIn = (hash: string, blobs: BlobStore): Promise<Answers> => {
    const known = lists.get(hash)
    if (known !== undefined) return known
    const loading = loadAnswers(hash, blobs).then((all) => ({ all, byKey: groupByKey(all) }))
    lists.set(hash, loading)
    loading.catch(() => lists.delete(hash))
    for (const oldest of lists.keys()) {
      if (lists.size <= MAX_LISTS) break
      lists.delete(oldest)
    }
    return loading
  }
  return async (request, { client, blobs, runId, effectId, signal }) => {
    const { answers: list } = request.settings
    if (list === undefined) return { ok: false, retryable: false, error: { source: 'user', code: 'recorded_miss', message: 'this run names no recorded answers: start it with --model recorded/RUN or recorded/FILE' } }
    const read: ReadText = (hash) => readText(blobs, hash)
    const answers = await answersIn(list, blobs)
    const place = await own.placeOf({ client, read, runId, effectId, key: request.key })
    if (signal.aborted) throw new KymoError('KYMO_CANCELLED', 'cancelled')
    const answer = answers.byKey.get(request.key)?.[place.occurrence - 1]
    return answer === undefined ? { ok: false, retryable: false, error: await explainMiss(request, answers.all, place, read) } : toAnswer(answer, blobs, read)
  }
}

const calls = z.array(z.object({ id: z.string(), name: z.string(), arguments: z.record(z.string(), z.unknown()) }))

async function toAnswer({ reply, failure }: RecordedAnswer, blobs: BlobStore, read: ReadText): Promise<ProviderAnswer> {
  // It was final then, so it is not tried again now.
  if (failure !== undefined) return { ok: false, retryable: false, error: { source: failure.source, code: failure.code, message: failure.message }, ...(failure.parameter === undefined ? {} : { parameter: failure.parameter }), ...(failure.raw === undefined ? {} : { raw: await blobs.get(failure.raw.ref) }) }
  if (reply === undefined) throw new KymoError('KYMO_ANSWERS', 'a recorded answer is neither a reply nor a failure')
  const toolCalls: ToolCall[] = reply.tool_calls === undefined ? [] : calls.parse(JSON.parse(await read(reply.tool_calls.ref)))
  return {
    ok: true, reply: reply.text === undefined ? '' : await read(reply.text.ref), toolCalls, stopReason: reply.stop_reason, servedModel: reply.served_model,
    usage: { input: reply.input, output: reply.output, cached: reply.cached, cacheWrite: reply.cache_write },
    raw: reply.raw === undefined ? new Uint8Array() : await blobs.get(reply.raw.ref), providerRequest: reply.provider_request, source: 'recorded',
  }
}

function groupByKey(answers: readonly RecordedAnswer[]): Map<string, RecordedAnswer[]> {
  const groups = new Map<string, RecordedAnswer[]>()
  for (const answer of answers) groups.set(answer.key, [...(groups.get(answer.key) ?? []), answer])
  return groups
}
