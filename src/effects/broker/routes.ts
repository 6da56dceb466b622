import { modelQuestion } from '../../../schemas/services.ts'
import type { AskModel } from '../completion/index.ts'
import { atomFeed } from './atom.ts'
import type { Corpus } from './corpus.ts'
import { Refusal, json } from './http.ts'
import type { Answer } from './http.ts'
import { BadQuery, parseQuery } from './query.ts'
import { search } from './search.ts'
import { tokensLeft } from './tally.ts'
import type { Tally } from './tally.ts'

const MAX_RESULTS = 50
const DEFAULT_RESULTS = 10
const CHARACTERS_PER_TOKEN = 3.5
const KNOWN = ['search_query', 'id_list', 'start', 'max_results', 'sortBy', 'sortOrder']

/** GET /literature/query: an Atom feed. A faulty query is refused and costs a call too. */
export function searchPapers(given: URLSearchParams, corpus: Corpus, tally: Tally): Answer {
  const budget = tally.limits.literature?.calls ?? 0
  if (tally.literature.calls >= budget) {
    tally.literature.refused += 1
    throw new Refusal(429, 'budget_spent', `the ${budget} searches of this script are used up. Search less, and with better words`)
  }
  tally.literature.calls += 1
  try {
    const text = given.get('search_query') ?? ''
    const ids = (given.get('id_list') ?? '').split(',').map((id) => id.trim()).filter((id) => id !== '')
    const unknown = [...given.keys()].find((key) => !KNOWN.includes(key))
    if (unknown !== undefined) throw new BadQuery(`there is no parameter "${unknown}": there are ${KNOWN.join(', ')}`)
    if (text.trim() === '' && ids.length === 0) throw new BadQuery('write search_query or id_list')
    const [start, count] = [wholeIn(given, 'start', 0, 10_000), Math.min(MAX_RESULTS, wholeIn(given, 'max_results', DEFAULT_RESULTS, 1000))]
    const sortBy = oneOf(given, 'sortBy', ['relevance', 'submittedDate'] as const)
    const ascending = oneOf(given, 'sortOrder', ['descending', 'ascending'] as const) === 'ascending'
    const found = search(corpus, { query: text.trim() === '' ? undefined : parseQuery(text), ids, start, count, sortBy, ascending })
    tally.literature.records += found.papers.length
    return { type: 'application/atom+xml', body: atomFeed(found, { query: text, start, count }) }
  } catch (error) {
    if (!(error instanceof BadQuery)) throw error
    tally.literature.refused += 1
    throw new Refusal(400, 'bad_query', error.message)
  }
}

function wholeIn(given: URLSearchParams, name: string, usual: number, most: number): number {
  const text = given.get(name)
  if (text === null) return usual
  if (!/^\d{1,6}$/.test(text) || Number(text) > most) throw new BadQuery(`${name} takes a whole number up to ${most}, not "${text.slice(0, 40)}"`)
  return Number(text)
}

function oneOf<Word extends string>(given: URLSearchParams, name: string, words: readonly [Word, ...Word[]]): Word {
  const text = given.get(name)
  const word = text === null ? words[0] : words.find((one) => one === text)
  if (word === undefined) throw new BadQuery(`${name} is one of ${words.join(', ')}`)
  return word
}

/** POST /model {messages: [{role, content}], max_tokens?}: {text, stop_reason, model, usage}. A question that cannot be paid for any more is refused before it is asked. */
export async function askModel(body: string, ask: AskModel, tally: Tally, signal: AbortSignal): Promise<Answer> {
  const limits = tally.limits.model
  const refuse = (status: number, code: string, message: string): never => {
    tally.model.refused += 1
    throw new Refusal(status, code, message)
  }
  if (limits === undefined) return refuse(404, 'no_such_service', 'there is no model')
  const parsed = modelQuestion.safeParse(jsonIn(body))
  if (!parsed.success) return refuse(400, 'bad_request', `the question does not fit at ${parsed.error.issues[0]?.path.join('.') || 'the top'}: ${parsed.error.issues[0]?.message ?? ''}. It is {"messages": [{"role": "user", "content": "..."}], "max_tokens": 200}`)
  const { messages, max_tokens = limits.answer_tokens } = parsed.data
  const input = Math.ceil(messages.reduce((sum, { content }) => sum + content.length, 0) / CHARACTERS_PER_TOKEN)
  const left = tokensLeft(tally)
  if (tally.model.calls >= limits.calls) return refuse(429, 'budget_spent', `the ${limits.calls} questions of this script are used up. Ask less often`)
  if (input >= left) return refuse(429, 'budget_spent', `this question has about ${input} tokens, and ${left} of ${limits.tokens} are left to this script. Ask shorter questions`)
  tally.model.calls += 1
  // Until the answer tells what was used, so that questions asked at once cannot pass the budget together.
  const held = { input, output: Math.min(max_tokens, limits.answer_tokens, left - input) }
  tally.model.input_tokens += held.input
  tally.model.output_tokens += held.output
  let used = { input: 0, output: 0 }
  try {
    const reply = await ask({ messages, maxTokens: held.output, nth: tally.model.calls - 1, signal })
    if (!reply.ok) throw new Refusal(502, reply.code, `the model did not answer: ${reply.message}`)
    used = reply.usage
    tally.model.cost_usd += reply.costUsd
    return json({ text: reply.text, stop_reason: reply.stopReason, model: reply.model, usage: { input_tokens: used.input, output_tokens: used.output } })
  } catch (error) {
    tally.model.failed += 1
    throw error
  } finally {
    tally.model.input_tokens += used.input - held.input
    tally.model.output_tokens += used.output - held.output
  }
}

const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
