import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { KymoError, messageOf } from '../../../schemas/errors.ts'

const MAX_BODY = 512 * 1024
const MAX_CONNECTIONS = 16
const IDLE_MS = 30_000

/** A request that is refused; `code` is stable, the message says what to change. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export interface Answer { type: 'application/json' | 'application/atom+xml'; body: string }
export const json = (value: unknown): Answer => ({ type: 'application/json', body: JSON.stringify(value) })

/** An HTTP server on a UNIX socket. Whatever comes in, it answers or hangs up: it never throws. Throws KYMO_BROKER when it cannot listen. */
export async function listen(socket: string, respond: (request: IncomingMessage, body: () => Promise<string>) => Promise<Answer>): Promise<Server> {
  const server = createServer({ keepAliveTimeout: IDLE_MS, headersTimeout: IDLE_MS, requestTimeout: IDLE_MS, maxHeaderSize: 32 * 1024 }, (request, response) => {
    response.on('error', () => undefined)
    respond(request, () => bodyOf(request)).then((answer) => send(response, 200, answer), (error: unknown) => {
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'broken', `the service failed: ${messageOf(error)}`)
      // What was not read would be taken for the next request.
      if (!request.complete) response.setHeader('connection', 'close')
      send(response, refusal.status, json({ error: { code: refusal.code, message: refusal.message } }))
    })
  })
  server.maxConnections = MAX_CONNECTIONS
  server.on('clientError', (_, connection) => { connection.destroy() })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new KymoError('KYMO_BROKER', `the socket for a script's services cannot be opened: ${cause.message}. Free some space for temporary files, or set TMPDIR`, { cause })))
    server.listen(socket, resolve)
  })
  server.on('error', () => undefined)
  return server
}

/** Ends a server and every connection at once. */
export const end = (server: Server): Promise<void> => new Promise((resolve) => {
  server.close(() => resolve())
  server.closeAllConnections()
})

function send(response: ServerResponse, status: number, { type, body }: Answer): void {
  if (response.destroyed) return
  const bytes = Buffer.from(body.toWellFormed())
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'content-length': bytes.length })
  response.end(bytes)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY) throw new Refusal(413, 'too_large', `a request may have ${MAX_BODY} bytes`)
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw new Refusal(400, 'bad_request', 'the request is not UTF-8 text')
  }
}
