import type { ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { ServerSentEvent } from './types.ts'

/** Where the way breaks: 'cut' closes the connection in the middle, 'stall' says nothing more, 'early' ends as if all had been said. */
export type Break = 'cut' | 'stall' | 'early'

const written = (res: ServerResponse, chunk: string | Buffer): Promise<void> => new Promise((resolve) => { res.write(chunk, () => resolve()) })

/** After this the rest is not said. The bytes before must be on their way, or a cut would take them along. */
function interrupt(res: ServerResponse, how: Break): void {
  if (how === 'cut') res.socket?.destroy()
  if (how === 'early') res.end()
}

/** Sends a whole body, or its first half. */
export async function sendBody(res: ServerResponse, status: number, headers: Readonly<Record<string, string>>, body: string, broken?: Break): Promise<void> {
  const bytes = Buffer.from(body)
  // A body that ends early must not have announced its length.
  res.writeHead(status, { 'content-type': 'application/json', ...headers, ...(broken === 'early' ? {} : { 'content-length': String(bytes.length) }) })
  if (!broken) {
    res.end(bytes)
    return
  }
  await written(res, bytes.subarray(0, Math.floor(bytes.length / 2)))
  interrupt(res, broken)
}

const frame = ({ event, data }: ServerSentEvent): string => `${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`

/** Sends events one by one. A cut comes in the middle of an event, an early end between two. */
export async function sendEvents(res: ServerResponse, headers: Readonly<Record<string, string>>, events: readonly ServerSentEvent[], options: { everyMs?: number | undefined; broken?: Break | undefined } = {}): Promise<void> {
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', ...headers })
  res.flushHeaders()
  const { broken, everyMs } = options
  const whole = broken ? Math.ceil(events.length / 2) : events.length
  for (const event of events.slice(0, whole)) {
    if (res.destroyed) return
    await written(res, frame(event))
    if (everyMs !== undefined) await pause(everyMs)
  }
  const next = events[whole]
  if (broken === 'cut' && next) await written(res, frame(next).slice(0, -4))
  if (broken) interrupt(res, broken)
  else res.end()
}
