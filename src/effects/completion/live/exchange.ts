import http from 'node:http'
import type { IncomingMessage } from 'node:http'
import https from 'node:https'

/** How one request went: the bytes both ways, and where it broke. */
export interface Exchange {
  /** for an SDK: sends `body` and nothing else, once */
  fetch: (url: string | URL | Request, init?: RequestInit) => Promise<Response>
  sent: Uint8Array | undefined
  status: number | undefined
  headers: Headers
  /** what came so far */
  received: () => Uint8Array
  timedOut: boolean
  /** the connection's own error; also when a reply broke off */
  broken: NodeJS.ErrnoException | undefined
}

export interface ExchangeOptions {
  /** exact JSON to be sent */
  body: string
  signal: AbortSignal
  /** a whole reply must be there after this; of a stream, the next event */
  timeoutMs: number
  /** a stream that only ever says that it lives ends after this many time-outs */
  patience?: number
  withoutAuthorization?: boolean
}

const MAX_REPLY_BYTES = 64 * 1024 * 1024

/**
 * One request and its reply over node:http. Node's own fetch gives up after five minutes without a header, which a slow local model
 * needs, and it neither shows what it sent nor where a reply broke off.
 */
export function openExchange({ body, signal, timeoutMs, patience = 6, withoutAuthorization = false }: ExchangeOptions): Exchange {
  const chunks: Uint8Array[] = []
  const exchange: Exchange = { fetch: send, sent: undefined, status: undefined, headers: new Headers(), received: () => Buffer.concat(chunks), timedOut: false, broken: undefined }
  const late = new AbortController()

  function send(url: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const target = new URL(url instanceof Request ? url.url : url)
    const bytes = Buffer.from(body)
    const headers = new Headers(init.headers)
    headers.set('content-length', String(bytes.length))
    headers.set('accept-encoding', 'identity')
    if (withoutAuthorization) headers.delete('authorization')
    exchange.sent = bytes
    const stop = AbortSignal.any([signal, late.signal, ...(init.signal ? [init.signal] : [])])
    return new Promise((resolve, reject) => {
      const began = Date.now()
      let timer: NodeJS.Timeout | undefined
      const wait = (): void => {
        clearTimeout(timer)
        timer = setTimeout(() => { exchange.timedOut = true; late.abort() }, Math.max(0, Math.min(timeoutMs, began + timeoutMs * patience - Date.now())))
      }
      const fail = (error: NodeJS.ErrnoException): void => {
        clearTimeout(timer)
        exchange.broken ??= error
        reject(error)
      }
      wait()
      // No connection is kept: one that the server has closed meanwhile would look like a reply cut off.
      const request = (target.protocol === 'https:' ? https : http).request(target, { method: init.method ?? 'POST', headers: Object.fromEntries(headers), signal: stop, agent: false }, (reply) => {
        exchange.status = reply.statusCode ?? 0
        exchange.headers = headersOf(reply)
        const isStream = (exchange.headers.get('content-type') ?? '').includes('event-stream')
        let size = 0
        const keep = (chunk: Uint8Array): void => {
          chunks.push(chunk)
          size += chunk.length
          if (size > MAX_REPLY_BYTES) reply.destroy(new Error(`a reply of more than ${MAX_REPLY_BYTES} bytes`))
          if (isStream) wait()
        }
        const answer = (content: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null): void => resolve(new Response(noBody(reply) ? null : content, { status: Math.min(599, Math.max(200, exchange.status ?? 0)), headers: exchange.headers }))
        if (isStream) answer(new ReadableStream<Uint8Array>({
          start: (controller) => {
            reply.on('data', (chunk: Uint8Array) => { keep(chunk); controller.enqueue(chunk) })
            reply.on('end', () => { clearTimeout(timer); controller.close() })
            reply.on('error', (error) => { fail(error); controller.error(error) })
          },
          cancel: () => { clearTimeout(timer); reply.destroy() },
        }))
        else {
          reply.on('data', keep)
          reply.on('end', () => { clearTimeout(timer); answer(Buffer.concat(chunks)) })
          reply.on('error', fail)
        }
      })
      request.on('error', fail)
      request.end(bytes)
    })
  }
  return exchange
}

const noBody = ({ statusCode }: IncomingMessage): boolean => statusCode === 204 || statusCode === 205 || statusCode === 304

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    try {
      headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '')
    } catch {
      // A header that HTTP does not allow means nothing to us.
    }
  }
  return headers
}
