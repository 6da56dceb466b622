import { createHash } from 'node:crypto'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { KymoError } from '../../../schemas/errors.ts'

/** What a task needs of Python: pip requirements ("numpy>=1.21"), the Debian packages that bring the same, and the language's version. */
export interface PythonDependencies { pip: string[]; debian: string[]; requires: string }

export interface Requirement { name: string; extras: string; clauses: { operator: string; version: string }[] }

/** Names are equal whatever their case, dashes and dots. */
export const normalName = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, '-')

/** Reads `name[extras]>=1,<2`. Throws KYMO_BAD_REQUIREMENT for URLs, markers and the like: a task names packages and versions only. */
export function parseRequirement(text: string): Requirement {
  const match = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*((?:(?:===|[<>=!~]=|[<>])\s*[\w.*+!-]+\s*,?\s*)*)$/.exec(text)
  if (match === null) throw new KymoError('KYMO_BAD_REQUIREMENT', `"${text}" is not a package name with version limits; write for example numpy>=1.21,<3.`)
  return { name: normalName(match[1] ?? ''), extras: match[2]?.replace(/\s/g, '') ?? '', clauses: parseClauses(match[3] ?? '') }
}

/** Reads the version limits alone, as in `>=3.9`. */
export const parseClauses = (text: string): Requirement['clauses'] =>
  text.split(',').map((part) => part.trim()).filter((part) => part !== '').map((part) => {
    const match = /^(===|[<>=!~]=|[<>])\s*([\w.*+!-]+)$/.exec(part)
    if (match === null) throw new KymoError('KYMO_BAD_REQUIREMENT', `"${part}" is not a version limit; write for example >=3.9.`)
    return { operator: match[1] ?? '', version: match[2] ?? '' }
  })

/** The release segment: Debian's torch calls itself 1.13.0a0+gitunknown and is 1.13.0 to us. */
const release = (version: string): number[] => (/^v?(?:\d+!)?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? '0').split('.').map(Number)

function compare(left: number[], right: number[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** Whether a version meets every clause, comparing release segments only. */
export function satisfies(version: string, clauses: Requirement['clauses']): boolean {
  const have = release(version)
  return clauses.every(({ operator, version: wanted }) => {
    const want = release(wanted)
    const order = compare(have, want)
    const samePrefix = compare(have.slice(0, want.length), want) === 0
    switch (operator) {
      case '>=': return order >= 0
      case '<=': return order <= 0
      case '>': return order > 0
      case '<': return order < 0
      case '!=': return wanted.endsWith('.*') ? !samePrefix : order !== 0
      case '~=': return order >= 0 && compare(have.slice(0, want.length - 1), want.slice(0, -1)) === 0
      default: return wanted.endsWith('.*') ? samePrefix : order === 0
    }
  })
}

const requirementText = ({ name, extras, clauses }: Requirement): string => name + extras + clauses.map(({ operator, version }) => operator + version).sort().join(',')

/** Names a dependency list, the same on every machine: order, case and spaces do not matter. */
export function dependencyKey({ pip, requires }: Pick<PythonDependencies, 'pip' | 'requires'>): string {
  const list = { pip: pip.map((one) => requirementText(parseRequirement(one))).sort(), requires: requires.replace(/\s/g, '') }
  return createHash('sha256').update(canonicalJson(list)).digest('hex').slice(0, 16)
}
