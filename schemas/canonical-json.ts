import { KymoError } from './errors.ts'

/** A value that survives JSON unchanged: what a machine's context, an action's arguments and a list item may hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/**
 * JSON with sorted keys and no white space: equal values give equal bytes. Keys whose value is undefined are left out.
 * Throws KYMO_NOT_JSON for what JSON would change in silence (NaN, Map, functions, bigint).
 */
export function canonicalJson(value: unknown): string {
  try {
    return write(value)
  } catch (error) {
    // Where it is, is looked for only when it is asked: most values are as they should be.
    if (error instanceof NotJson) throw new KymoError('KYMO_NOT_JSON', `${whereIs(value, '$') ?? '$'} is ${error.message}, which cannot be kept as JSON`)
    throw error
  }
}

class NotJson extends Error {}

function write(value: unknown): string {
  if (value === null) return 'null'
  switch (typeof value) {
    case 'string': return JSON.stringify(value)
    case 'boolean': return value ? 'true' : 'false'
    case 'number':
      if (!Number.isFinite(value)) throw new NotJson(String(value))
      return Object.is(value, -0) ? '0' : String(value)
    case 'object': return Array.isArray(value) ? writeList(value) : writeRecord(value as Record<string, unknown>)
    default: throw new NotJson(typeof value)
  }
}

function writeList(list: readonly unknown[]): string {
  let out = '['
  for (let index = 0; index < list.length; index++) out += `${index === 0 ? '' : ','}${list[index] === undefined ? 'null' : write(list[index])}`
  return `${out}]`
}

function writeRecord(record: Record<string, unknown>): string {
  const proto: unknown = Object.getPrototypeOf(record)
  if (proto !== Object.prototype && proto !== null) throw new NotJson(`an instance of ${record.constructor.name}`)
  let out = ''
  for (const key of Object.keys(record).sort()) {
    if (record[key] !== undefined) out += `${out === '' ? '' : ','}${JSON.stringify(key)}:${write(record[key])}`
  }
  return `{${out}}`
}

/** Path of the first value that JSON cannot hold. */
function whereIs(value: unknown, path: string): string | undefined {
  if (typeof value === 'object' && value !== null && (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null)) {
    for (const key of Object.keys(value).sort()) {
      const item = (value as Record<string, unknown>)[key]
      const found = item === undefined ? undefined : whereIs(item, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`)
      if (found !== undefined) return found
    }
    return undefined
  }
  return value === null || typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)) ? undefined : path
}
