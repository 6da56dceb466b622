import { KymoError } from './errors.ts'

/** A value that survives JSON unchanged: what a machine's context, an action's arguments and a list item may hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/**
 * JSON with sorted keys and no white space: equal values give equal bytes. Keys whose value is undefined are left out.
 * Throws KYMO_NOT_JSON for what JSON would change in silence (NaN, Map, functions, bigint).
 */
export function canonicalJson(value: unknown, path = '$'): string {
  if (value === null) return 'null'
  switch (typeof value) {
    case 'string': return JSON.stringify(value)
    case 'boolean': return value ? 'true' : 'false'
    case 'number':
      if (!Number.isFinite(value)) throw notJson(path, String(value))
      return Object.is(value, -0) ? '0' : String(value)
    case 'object': {
      if (Array.isArray(value)) return `[${value.map((item, index) => canonicalJson(item === undefined ? null : item, `${path}[${index}]`)).join(',')}]`
      const proto: unknown = Object.getPrototypeOf(value)
      if (proto !== Object.prototype && proto !== null) throw notJson(path, `an instance of ${value.constructor.name}`)
      const record = value as Record<string, unknown>
      const parts: string[] = []
      for (const key of Object.keys(record).sort()) {
        if (record[key] === undefined) continue
        parts.push(`${JSON.stringify(key)}:${canonicalJson(record[key], `${path}.${key}`)}`)
      }
      return `{${parts.join(',')}}`
    }
    default: throw notJson(path, typeof value)
  }
}

const notJson = (path: string, what: string) => new KymoError('KYMO_NOT_JSON', `${path} is ${what}, which cannot be kept as JSON`)
