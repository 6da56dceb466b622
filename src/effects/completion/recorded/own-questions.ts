import { completionParams } from '../../../../schemas/completion.ts'
import { KymoError } from '../../../../schemas/errors.ts'
import { decodeRecordLazily, parseRunId } from '../../../../schemas/record.ts'
import type { StoreConnection } from '../../../bus/index.ts'
import { Decision } from '../../../journal/index.ts'
import { paramsOf, rebuildRequest } from '../request/index.ts'
import type { ReadText } from '../request/index.ts'
import { createQuestions, recordedKey } from './questions.ts'
import type { Question, Questions } from './questions.ts'

/** Which question of its run this is. An instance that asks the same again asks the same question. */
export interface Place {
  /** from 1: how many have asked this very request by now */
  occurrence: number
  /** from 1: how many questions of this role there were by now */
  ordinal: number
  seq: number
}

export interface OwnQuestions {
  /** Reads the run's log as far as it is new. Throws what the store throws. */
  placeOf(asked: { client: Pick<StoreConnection, 'read'>; read: ReadText; runId: string; effectId: string; key: string }): Promise<Place>
}

interface Known {
  questions: Questions
  /** by effect: the key of its request, and the list it is answered from */
  keys: Map<string, string>
  lists: Map<string, string>
  turn: Promise<unknown>
}

/** Runs whose questions are remembered: the log has them all, this only saves reading it again. */
const MAX_RUNS = 64

/** What the runs of this process asked before, derived from their logs: a resumed run counts on where the killed one was. */
export function createOwnQuestions(): OwnQuestions {
  const runs = new Map<string, Known>()
  const knownOf = (runId: string): Known => {
    const known = runs.get(runId) ?? { questions: createQuestions(), keys: new Map(), lists: new Map(), turn: Promise.resolve() }
    runs.delete(runId)
    runs.set(runId, known)
    for (const oldest of runs.keys()) {
      if (runs.size <= MAX_RUNS) break
      runs.delete(oldest)
    }
    return known
  }
  return {
    placeOf: async ({ client, read, runId, effectId, key }) => {
      const known = knownOf(runId)
      const reading = known.turn.then(() => readOn(client, runId, known.questions))
      known.turn = reading.catch(() => undefined)
      await reading
      const { all } = known.questions
      const at = all.findLastIndex(({ effect }) => effect === effectId)
      const mine = all[at]
      if (mine === undefined) throw new KymoError('KYMO_ANSWERS', `the log of run ${runId} does not hold the completion ${effectId.slice(0, 12)} that it asks for`)
      const list = await listOf(mine, known.lists, read)
      const peers: Question[] = []
      for (const one of all.slice(0, at + 1)) if (one === mine || (await listOf(one, known.lists, read)) === list) peers.push(one)
      const equal: Question[] = []
      for (const peer of peers) if (peer === mine || (await keyOf(peer, known.keys, read)) === key) equal.push(peer)
      return { occurrence: turnOf(mine, equal), ordinal: turnOf(mine, peers.filter(({ spec }) => spec.role === mine.spec.role)), seq: mine.seq }
    },
  }
}

/** Position of an instance among those that asked, from 1, in the order of their first questions. */
const turnOf = (mine: Question, asked: readonly Question[]): number => [...new Set(asked.map(({ from }) => from))].indexOf(mine.from) + 1

async function keyOf(question: Question, keys: Map<string, string>, read: ReadText): Promise<string> {
  const known = keys.get(question.effect)
  if (known !== undefined) return known
  const key = recordedKey(question) || (await rebuildRequest(question.spec, read)).key
  keys.set(question.effect, key)
  return key
}

/** The list a question is answered from, '' when it is asked of something else. */
async function listOf({ effect, spec }: Question, lists: Map<string, string>, read: ReadText): Promise<string> {
  const known = lists.get(effect)
  if (known !== undefined) return known
  const parsed = spec.provider === 'recorded' ? completionParams.safeParse(JSON.parse(await paramsOf(spec, read))) : undefined
  const list = parsed?.data?.answers ?? ''
  lists.set(effect, list)
  return list
}

async function readOn(client: Pick<StoreConnection, 'read'>, runId: string, questions: Questions): Promise<void> {
  for (;;) {
    const reply = await client.read({ run_id: parseRunId(runId), from_seq: questions.next })
    if (reply.decision !== Decision.OK) throw new KymoError('KYMO_ANSWERS', `the log of run ${runId} cannot be read: ${reply.reason}`)
    for (const bytes of reply.records) questions.add(decodeRecordLazily(Uint8Array.from(bytes)))
    if (reply.records.length === 0 || questions.next > reply.head_seq) return
  }
}
