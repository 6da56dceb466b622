import { isKymoError } from '../../../../schemas/errors.ts'
import type { Failure } from '../../../../schemas/generated/events.ts'
import type { ProviderRequest } from '../provider.ts'
import { rebuildRequest } from '../request/index.ts'
import type { ReadText } from '../request/index.ts'
import { differenceOf, equalMessages } from './difference.ts'
import type { RecordedAnswer } from './item.ts'
import type { Place } from './own-questions.ts'

const MAX_MESSAGE = 4000
/** Answers around the one in the same place that are looked at: a step more or less moves all that follow. */
const AROUND = 3

/** Why there is no recorded answer: what was asked where this question stands, and how that differs. */
export async function explainMiss(request: ProviderRequest, answers: readonly RecordedAnswer[], { occurrence, ordinal }: Place, read: ReadText): Promise<Failure> {
  const equal = answers.filter(({ key }) => key === request.key).length
  const what = `nobody answered question ${ordinal} of role ${request.role} when this was recorded`
  const message = equal > 0
    ? `${what}: the very same request was answered ${equal === 1 ? 'once' : `${equal} times`}, and here it is asked for the ${ordinalWord(occurrence)} time`
    : `${what}, and only equal requests can be answered from a recording (--model PROVIDER/MODEL asks a model instead): ${await nearestDifference(request, answers, ordinal, read)}`
  return { source: 'user', code: 'recorded_miss', message: message.slice(0, MAX_MESSAGE).toWellFormed() }
}

async function nearestDifference(request: ProviderRequest, answers: readonly RecordedAnswer[], ordinal: number, read: ReadText): Promise<string> {
  const sameRole = answers.filter(({ spec }) => spec.role === request.role)
  if (sameRole.length === 0) return `the recording holds ${answers.length === 0 ? 'no answers at all' : `answers, but none for the role ${request.role}`}`
  const place = Math.min(ordinal, sameRole.length) - 1
  const byDistance = sameRole.map((answer, index) => ({ answer, index, distance: Math.abs(index - place) })).filter(({ distance }) => distance <= AROUND).sort((a, b) => a.distance - b.distance)
  let best: { recorded: ProviderRequest; index: number; seq: number; score: number } | undefined
  for (const { answer, index, distance } of byDistance) {
    const recorded = await rebuilt(answer, read)
    if (recorded === undefined) continue
    const score = equalMessages(recorded, request) - distance
    if (best === undefined || score > best.score) best = { recorded, index, seq: answer.seq, score }
  }
  if (best === undefined) return 'the prompts of the recording are not in this store, so what differs cannot be shown'
  return `the nearest is its question ${best.index + 1} of ${sameRole.length} (seq ${best.seq}): ${differenceOf(best.recorded, request)}`
}

/** The recorded request, as far as its prompt is in this store. */
const rebuilt = async ({ spec }: RecordedAnswer, read: ReadText): Promise<ProviderRequest | undefined> => {
  try {
    return await rebuildRequest(spec, read)
  } catch (error) {
    if (isKymoError(error, 'KYMO_STORE_UNREACHABLE') || isKymoError(error, 'KYMO_STORE_UNAVAILABLE')) throw error
    return undefined
  }
}

const ordinalWord = (n: number): string => `${n}${n % 100 >= 11 && n % 100 <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th')}`
