import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KymoError } from '../../../schemas/errors.ts'
import type { ServiceFacts, ServiceSettings } from '../../../schemas/services.ts'
import type { AskModel } from '../completion/index.ts'
import type { Sandbox, SandboxMount } from '../sandbox/index.ts'
import { loadCorpus } from './corpus.ts'
import { Refusal, end, json, listen } from './http.ts'
import type { Answer } from './http.ts'
import { askModel, searchPapers } from './routes.ts'
import { factsOf, leftOf, newTally, sumOf } from './tally.ts'

/** Where a script finds the socket: the variable that names it, and its folder inside a sandbox. */
const SOCKET_VARIABLE = 'KYMO_SERVICES'
const INSIDE = '/kymo/services'
/** The address of a UNIX socket has room for about a hundred characters. */
const LONGEST_FOLDER = 50

export interface BrokerOptions {
  sandbox: Sandbox
  services: ServiceSettings
  /** holds the corpus: the task's public data, or its answers when a submission is graded */
  folder: string
  /** answers questions; keys stay on this side */
  ask?: AskModel | undefined
  /** a second socket, outside of every sandbox, by which an evaluator begins a new count and reads the last one */
  control?: boolean
}

export interface Broker {
  /** what binds the socket into a sandbox */
  mounts: readonly SandboxMount[]
  /** what tells a script where it is */
  variables: Readonly<Record<string, string>>
  /** path of the evaluator's socket */
  control: string | undefined
  /** Begins a new budget; gives what was asked since the last. */
  begin(): ServiceFacts
  /** all that was asked since the broker was opened */
  facts(): ServiceFacts
  /** Ends the sockets and the questions under way. */
  close(): Promise<void>
}

/**
 * Opens a socket for one script, or for the workers of one grading: HTTP with GET /literature/query, POST /model and GET /budget.
 * Budgets and counts are kept on this side. Throws KYMO_CORPUS, KYMO_BROKER.
 */
export async function openBroker({ sandbox, services, folder, ask, control = false }: BrokerOptions): Promise<Broker> {
  const corpus = services.literature === undefined ? undefined : await loadCorpus(join(folder, services.literature.corpus))
  if (services.model !== undefined && ask === undefined) throw new KymoError('KYMO_BROKER', 'the task offers a model to its scripts and nobody answers for it')
  const ended = new AbortController()
  let before = newTally(services)
  let now = newTally(services)

  const serve = async (request: IncomingMessage, body: () => Promise<string>): Promise<Answer> => {
    const { method = '', route, query } = addressOf(request)
    if (method === 'GET' && route === '/literature/query' && corpus !== undefined) return searchPapers(query, corpus, now)
    if (method === 'POST' && route === '/model' && services.model !== undefined && ask !== undefined) return askModel(await body(), ask, now, ended.signal)
    if (method === 'GET' && route === '/budget') return json(leftOf(now))
    throw new Refusal(404, 'no_such_service', `there is no ${method} ${route.slice(0, 80)}. There are ${[...(corpus === undefined ? [] : ['GET /literature/query']), ...(ask === undefined ? [] : ['POST /model']), 'GET /budget'].join(', ')}`)
  }
  const begin = (): ServiceFacts => {
    const last = now
    before = sumOf(before, last)
    now = newTally(services)
    return factsOf(last)
  }
  /** POST /begin, which an evaluator sends. */
  const steer = async (request: IncomingMessage): Promise<Answer> => {
    const { method, route } = addressOf(request)
    if (method !== 'POST' || route !== '/begin') throw new Refusal(404, 'no_such_service', 'there is POST /begin')
    return json(begin())
  }

  const root = mkdtempSync(join(tmpdir().length > LONGEST_FOLDER ? '/tmp' : tmpdir(), 'kymo-services-'))
  const inside = join(root, 'inside')
  mkdirSync(inside)
  const socket = join(inside, 'socket')
  const servers = [await listen(socket, serve), ...(control ? [await listen(join(root, 'control'), steer)] : [])]
  const bare = sandbox.name === 'none'
  return {
    mounts: bare ? [] : [{ source: inside, target: INSIDE, writable: false }],
    variables: { [SOCKET_VARIABLE]: bare ? socket : `${INSIDE}/socket` },
    control: control ? join(root, 'control') : undefined,
    begin,
    facts: () => factsOf(sumOf(before, now)),
    close: async () => {
      ended.abort()
      await Promise.all(servers.map(end))
      rmSync(root, { recursive: true, force: true })
    },
  }
}

function addressOf({ method, url = '/' }: IncomingMessage): { method: string | undefined; route: string; query: URLSearchParams } {
  const at = url.indexOf('?')
  return { method, route: at < 0 ? url : url.slice(0, at), query: new URLSearchParams(at < 0 ? '' : url.slice(at + 1)) }
}
