import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** `<store>/endpoint.json`: where the store's service is. Readable by its owner only, since it holds the token. */
export interface EndpointFile { url: string; token: string; store: string; pid: number; started: string }

const pathOf = (directory: string): string => join(directory, 'endpoint.json')

export function readEndpoint(directory: string): EndpointFile | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(pathOf(directory), 'utf8'))
    if (typeof value !== 'object' || value === null) return undefined
    const { url, token, store, pid, started } = value as Record<string, unknown>
    if (typeof url !== 'string' || typeof token !== 'string' || typeof store !== 'string' || typeof pid !== 'number') return undefined
    return { url, token, store, pid, started: String(started) }
  } catch {
    return undefined
  }
}

export function writeEndpoint(directory: string, endpoint: EndpointFile): void {
  const temporary = `${pathOf(directory)}.${process.pid}`
  writeFileSync(temporary, `${JSON.stringify(endpoint, null, 2)}\n`, { mode: 0o600 })
  renameSync(temporary, pathOf(directory))
}
