import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server of files that understands ranges, with faults to order. Requests go `/HOST/PATH`, as below KYMO_DATA_MIRROR. */
export interface FileServer extends AsyncDisposable {
  url: string
  requests: Array<{ path: string; range: string; authorization: string }>
  files: Map<string, Buffer>
  /** the next replies: cut off after so many bytes, or another status; after them all goes well */
  faults: Array<{ cutAfter: number } | { status: number }>
  ranges: boolean
}

export async function fileServer(): Promise<FileServer> {
  const state: Omit<FileServer, 'url' | typeof Symbol.asyncDispose> = { requests: [], files: new Map(), faults: [], ranges: true }
  const server = createServer((request: IncomingMessage, response) => {
    const path = request.url ?? ''
    const range = request.headers.range ?? ''
    state.requests.push({ path, range, authorization: request.headers.authorization ?? '' })
    const fault = state.faults.shift()
    const file = state.files.get(path)
    if (fault !== undefined && 'status' in fault) return void response.writeHead(fault.status).end()
    if (file === undefined) return void response.writeHead(404).end()
    const from = state.ranges ? Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0) : 0
    if (from > 0 && from >= file.length) return void response.writeHead(416).end()
    response.writeHead(from > 0 ? 206 : 200, { 'Content-Length': file.length - from, ...(from > 0 ? { 'Content-Range': `bytes ${from}-${file.length - 1}/${file.length}` } : {}) })
    if (fault === undefined) return void response.end(file.subarray(from))
    // The client has read what came before it learns that the rest will not.
    response.write(file.subarray(from, from + fault.cutAfter), () => setTimeout(() => response.destroy(), 50))
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => { server.close(() => resolve()); server.closeAllConnections() }),
  })
}
