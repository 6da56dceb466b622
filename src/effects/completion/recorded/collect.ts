import type { CompletionSpec } from '../../../../schemas/generated/events.ts'
import type { AnyEvent } from '../../../../schemas/record.ts'
import { rebuildRequest } from '../request/index.ts'
import type { ReadText } from '../request/index.ts'
import type { Recording, RecordedAnswer, StoredRef } from './item.ts'
import { createQuestions, recordedKey } from './questions.ts'
import type { Question } from './questions.ts'

type Ref = { ref?: string; bytes?: number } | undefined

/**
 * What the models of a run answered, from its log. One instance that asks the same again retries: only what came in the end counts,
 * a final failure of the provider included. What people or the system broke off is no answer.
 */
export async function collectAnswers(events: AsyncIterable<AnyEvent> | Iterable<AnyEvent>, read: ReadText): Promise<Recording> {
  const questions = createQuestions()
  let run = ''
  let llm = '{}'
  for await (const event of events) {
    run = event.runId
    if (event.type === 'run.started') llm = event.payload.llm
    questions.add(event)
  }
  const last = new Map<string, { first: number; answer: RecordedAnswer | undefined }>()
  for (const question of questions.all) {
    if (question.outcome === undefined) continue
    const key = recordedKey(question) || (await keyOf(question.spec, read))
    const asker = `${question.from} ${key}`
    last.set(asker, { first: last.get(asker)?.first ?? question.seq, answer: answerOf(question, key) })
  }
  const answers = [...last.values()].sort((a, b) => a.first - b.first).flatMap(({ answer }) => (answer === undefined ? [] : [answer]))
  return { run, llm, answers }
}

/** The key of a request that its outcome did not name, as in records of the first version. A prompt that cannot be read has none. */
const keyOf = (spec: CompletionSpec, read: ReadText): Promise<string> => rebuildRequest(spec, read).then(({ key }) => key)

function answerOf({ seq, spec, outcome }: Question, key: string): RecordedAnswer | undefined {
  const about = { key, seq, spec: plainSpec(spec) }
  if (outcome === undefined) return undefined
  if ('failed' in outcome) {
    const { error, parameter, raw } = outcome.failed
    if (error?.source !== 'provider') return undefined
    return { ...about, failure: { source: error.source, code: error.code, message: error.message, ...(parameter === undefined ? {} : { parameter }), ...named('raw', raw) } }
  }
  const { completion, clock } = outcome.succeeded
  if (completion === undefined) return undefined
  return {
    ...about,
    reply: {
      ...named('text', completion.reply), ...named('tool_calls', completion.tool_calls), ...named('raw', completion.raw), stop_reason: stopReason(completion.stop_reason), served_model: completion.served_model,
      input: completion.input_tokens, output: completion.output_tokens, cached: completion.cached_tokens ?? 0, cache_write: completion.cache_write_tokens ?? 0, provider_request: clock?.provider_request ?? '',
    },
  }
}

const STOPS = ['stop', 'stop_sequence', 'length', 'tool_calls', 'refusal', 'content_filter'] as const
const stopReason = (text: string): (typeof STOPS)[number] => STOPS.find((stop) => stop === text) ?? 'stop'

const plainSpec = ({ provider, model, params, role, omit, base, appended, tools, settings, nth, shorten }: CompletionSpec): RecordedAnswer['spec'] => ({
  provider, model, params, role, omit, ...named('base', base), ...named('appended', appended), ...named('tools', tools), ...named('settings', settings), ...(nth === undefined ? {} : { nth }), ...(shorten === undefined ? {} : { shorten }),
})

const named = <K extends string>(field: K, ref: Ref): { [F in K]?: StoredRef } =>
  (ref?.ref === undefined || ref.ref === '' ? {} : { [field]: { ref: ref.ref, bytes: ref.bytes ?? 0 } }) as { [F in K]?: StoredRef }
