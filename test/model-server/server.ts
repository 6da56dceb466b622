import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { KymoError, messageOf } from '../../schemas/errors.ts'
import { ANTHROPIC } from './anthropic-wire.ts'
import { answerOf } from './answer.ts'
import { sendFault, sendProblem } from './faulty.ts'
import { OPENAI } from './openai-wire.ts'
import { promptCache } from './prompt-cache.ts'
import { sendBody, sendEvents } from './send.ts'
import { isProblem } from './types.ts'
import type { Fault, ModelRequest, Problem, RecordedRequest, Reply, WireFormat } from './types.ts'

export const MODEL_SERVER_KEY = 'key-of-the-model-server'

export interface ModelServerOptions {
  reply: (request: ModelRequest) => Reply | Promise<Reply>
  /** Asked for every request that is in order; undefined lets it pass. */
  faults?: (request: ModelRequest) => Fault | undefined
  /** What clients must send; MODEL_SERVER_KEY if not given. */
  key?: string
  /** Prompts of more tokens (four characters each) are refused as too long. */
  contextTokens?: number
  /** Other models are not found. Any model is served if not given. */
  models?: readonly string[]
  port?: number
  /** Called once per request, when its outcome is known. */
  heard?: (record: RecordedRequest) => void
}

/** A provider on this machine. `requests` grows in the order in which requests came. */
export interface ModelServer extends AsyncDisposable {
  /** Base URL for the Anthropic SDK. */
  url: string
  /** Base URL for the OpenAI SDK and for compatible clients. */
  openaiUrl: string
  key: string
  requests: RecordedRequest[]
  close: () => Promise<void>
}

const WIRES: readonly (readonly [RegExp, WireFormat])[] = [[/\/chat\/completions$/, OPENAI], [/\/v1\/messages$/, ANTHROPIC]]

async function bodyOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

const plain = (headers: IncomingMessage['headers']): Record<string, string> => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))

/** Starts a server that speaks both wire formats. Throws KYMO_MODEL_SERVER_PORT when the port is taken. */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const requests: RecordedRequest[] = []
  const attempts = new Map<string, number>()
  const cache = promptCache()
  const key = options.key ?? MODEL_SERVER_KEY
  let nth = 0

  const modelKnown = (model: string): boolean => options.models?.includes(model) ?? true

  /** The request in its neutral form, or what the provider answers without asking a model. */
  function accept(wire: WireFormat, text: string, record: RecordedRequest): ModelRequest | Problem {
    const sent = wire.key(record.headers)
    if (sent !== key) return wire.wrongKey(sent)
    try {
      record.body = JSON.parse(text)
    } catch {
      return { status: 400, type: 'invalid_request_error', message: 'We could not parse the JSON body of your request.' }
    }
    const read = wire.read(record.body, record.headers)
    if (isProblem(read)) return read
    const seen = `${wire.name} ${text}`
    attempts.set(seen, (attempts.get(seen) ?? 0) + 1)
    record.request = { ...read, nth: ++nth, attempt: attempts.get(seen) ?? 1 }
    return modelKnown(read.model) ? record.request : wire.problem({ fault: 'model-not-found' }, read) ?? { status: 404, type: 'not_found_error', message: read.model }
  }

  async function answer(res: ServerResponse, wire: WireFormat, request: ModelRequest, record: RecordedRequest, headers: Readonly<Record<string, string>>): Promise<void> {
    const fault = options.faults?.(request)
    if (fault) {
      record.outcome = fault.fault
      if (fault.afterMs !== undefined) await pause(fault.afterMs)
      return sendFault(res, wire, fault, request, headers, record.requestId)
    }
    const tokens = cache(request)
    if (options.contextTokens !== undefined && tokens.prompt > options.contextTokens) {
      record.outcome = 'context-overflow'
      return sendProblem(res, wire, wire.overflow(tokens.prompt, options.contextTokens), record.requestId, headers)
    }
    const reply = await options.reply(request)
    if (reply.afterMs !== undefined) await pause(reply.afterMs)
    record.outcome = 'ok'
    const full = answerOf(reply, request, tokens)
    if (request.stream) return sendEvents(res, headers, wire.stream(full, request), { everyMs: reply.everyMs })
    return sendBody(res, 200, headers, JSON.stringify(wire.complete(full)))
  }

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const path = new URL(req.url ?? '/', 'http://localhost').pathname
    const record: RecordedRequest = { at: Date.now(), path, headers: plain(req.headers), body: undefined, requestId: `req_${randomUUID().replaceAll('-', '')}`, outcome: 'refused', abandoned: false }
    res.once('close', () => { record.abandoned = !res.writableEnded && record.outcome !== 'cut-mid-reply' && record.outcome !== 'cut-before-headers' })
    const text = await bodyOf(req)
    const wire = req.method === 'POST' ? WIRES.find(([pattern]) => pattern.test(path))?.[1] : undefined
    if (!wire) return sendBody(res, 404, {}, JSON.stringify({ error: { message: `Invalid URL (${req.method} ${path})`, type: 'invalid_request_error', param: null, code: null } }))
    requests.push(record)
    const headers = { ...wire.headers(undefined), [wire.requestIdHeader]: record.requestId }
    try {
      const request = accept(wire, text, record)
      if (isProblem(request)) {
        record.outcome = `refused: ${request.message}`
        await sendProblem(res, wire, request, record.requestId, headers)
      } else await answer(res, wire, request, record, headers)
    } catch (error) {
      // The test's own script is at fault: say so in a way that no client tries again.
      record.outcome = `refused: ${messageOf(error)}`
      if (!res.headersSent) await sendProblem(res, wire, { status: 400, type: 'invalid_request_error', message: `The script of this test server failed: ${messageOf(error)}` }, record.requestId, headers)
      else res.destroy()
    } finally {
      options.heard?.(record)
    }
  }

  // A client may leave at any moment; what it then does not hear is no error here.
  const server = createServer((req, res) => { serve(req, res).catch(() => res.destroy()) })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening').catch((cause: unknown) => {
    throw new KymoError('KYMO_MODEL_SERVER_PORT', `The model server cannot listen on port ${options.port ?? 0}: ${messageOf(cause)}. Choose another one with --port, or none for any.`, { cause })
  })
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  const close = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  return { url, openaiUrl: `${url}/v1`, key, requests, close, [Symbol.asyncDispose]: close }
}
