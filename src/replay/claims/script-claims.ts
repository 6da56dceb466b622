import { isDoubted, isHedged, isNegated } from './statements.ts'
import type { Statement } from './statements.ts'

/** A statement that a script ran: its file, or what it is for ("the submission script"). */
export interface RunClaim { script: string; role: string; /** said to be of the script as it is now */ present: boolean; /** of a script that was changed */ edited: boolean }
/** A statement that a file was written; `file` is '' for "the submission file". */
export interface WriteClaim { file: string; role: string }

const SCRIPT = String.raw`(?<script>[\w./-]*\w\.(?:py|sh|ipynb|R|jl)\b)`
const ROLE = String.raw`(?:\b(?:the|a|my|our) )?\b(?:final |new |generated |same )?(?<role>submission|training|evaluation|inference|prediction|preprocessing) (?:script|program|code)`
const TARGET = `(?:${SCRIPT}|${ROLE})`
const FILLER = String.raw`(?:the|a|an|my|our|this|that|it|both|new|updated|edited|modified|changed|improved|final|latest|current|original|initial|baseline|starter|script|scripts|file|program|code|training|submission|evaluation|inference|command|python3?|-u|version|of|again|now|also|fixed|provided|given|existing|unmodified|complete|full|entire|successfully|once|twice|in|from|with|on)`
const GAP = String.raw`(?: ${FILLER}){0,8}? `
const SOON = String.raw`(?:already |also |successfully |then |now |just |finally |fully |correctly |even |again |since ){0,3}`
const DID = '(?:executed|ran|re-?ran|launched|re-?executed|tested)'
const DONE = '(?:executed|run|re-?run|launched|re-?executed|tested)'
const MADE = '(?:generated|produced|created|wrote|written|saved|output)'
const DATA_FILE = String.raw`[\w./-]*\w\.(?:csv|tsv|json|jsonl|txt|npy|npz|pkl|pickle|pth?|parquet|h5|hdf5|joblib|bin|zip|png|submission)\b`

const RAN: readonly RegExp[] = [
  `\\b${DID}(?! into| out)${GAP}${TARGET}`,
  `(?:\\b(?:has|have|had|was|were|having)|'ve) ${SOON}(?:been ${SOON})?${DONE}${GAP}${TARGET}`,
  `${TARGET}(?: script| file)? (?:was|were|has been|have been|had been|has already been|got) ${SOON}(?:(?:created|written|edited|saved|modified|fixed|updated) and ${SOON})?${DONE}\\b`,
  `${TARGET}(?: script| file)? ${SOON}(?:ran|executed|completed|finished) (?:successfully|correctly|fine|cleanly|to completion|with success)`,
  `\\b(?:after|by|upon|from)\\b[^.;]{0,60}?\\b(?:running|executing)${GAP}${TARGET}(?=.{0,160}\\b(?:was|were|got|obtained|achieved|found|saw|generated|produced|created|saved|wrote|reached|measured|observed|gave|resulted|submitted)\\b)`,
  `\\b(?:got|obtained|achieved|found|generated|produced|created|saved|wrote|reached|measured|observed)\\b[^.;]{0,100}?\\b(?:after|by|upon|from) (?:running|executing)${GAP}${TARGET}`,
  `${TARGET}(?: script)? (?:has |have |had )?${SOON}${MADE} (?:the |a |an |our |its )?(?:[\\w-]+ ){0,3}?(?:submission|predictions?|${DATA_FILE})`,
  `\\b${MADE} [^.;]{0,60}?(?:submission|predictions?|${DATA_FILE})[^.;]{0,30}? (?:by|using|with|via) (?:running |executing )?(?:the |our |my )?(?:script )?${TARGET}`,
  `(?:submission|predictions?|${DATA_FILE})(?: file)? (?:was|were|has been|have been|had been) ${SOON}${MADE} (?:by|using|with|via|from) (?:running |executing )?(?:the |our |my )?(?:script )?${TARGET}`,
  `${TARGET}(?: script| file)?,? and (?:I |we |have |then )?${SOON}${DID} it\\b`,
].map((pattern) => new RegExp(pattern, 'gi'))
const TICKED = new RegExp(`^(?:done|completed|finished)?[ :–—-]{0,3}(?:re-?run|run|execute|re-?execute|test)${GAP}${TARGET}`, 'i')

const WROTE: readonly RegExp[] = [
  `(?<file>${DATA_FILE})(?: file)? (?:was|were|has been|have been|had been) ${SOON}(?:${MADE}|submitted)\\b`,
  `\\b${MADE} (?!by )(?:[\\w'-]+ ){0,8}?(?:to |into |as |in )?(?:the |a |our )?(?:file |submission file |submission )?(?<file>${DATA_FILE})`,
  `\\bthe (?<role>submission|predictions?) (?:file |csv )?(?:was|has been|have been|were|had been) ${SOON}(?:generated|produced|created|written|saved)\\b`,
].map((pattern) => new RegExp(pattern, 'gi'))

const EDITED = /\b(?:edited|modified|updated|changed|new|fixed|improved|with the (?:change|edit|fix))\b/i
const PRESENT = /\b(?:final|latest|current|newest|most recent|last version|as submitted|submitted)\b/i

/** Scripts that a statement says have run. A name that follows another by "and" belongs to the claim as well. */
export function runClaims(statement: Statement): RunClaim[] {
  return inParts(statement, (part) => {
    if (statement.done) {
      const ticked = TICKED.exec(part)
      if (ticked !== null) return [claimOf(part, ticked)]
    }
    return RAN.flatMap((pattern) => [...part.matchAll(pattern)].flatMap((match) => [claimOf(part, match), ...together(part, match)]))
  })
}

/** Files that a statement says were written. */
export const writeClaims = (statement: Statement): WriteClaim[] =>
  inParts(statement, (part) => WROTE.flatMap((pattern) => [...part.matchAll(pattern)].map(({ groups }) => ({ file: groups?.['file'] ?? '', role: (groups?.['role'] ?? '').toLowerCase() }))))

/** Asks each clause that states a fact, and the whole sentence where every part of it does. */
function inParts<Claim>(statement: Statement, claims: (part: string) => Claim[]): Claim[] {
  if (statement.planned || isDoubted(statement.text)) return []
  const found = [...new Set([...statement.clauses, statement.text])].filter((part) => !isHedged(part) && !isNegated(part)).flatMap(claims)
  return [...new Map(found.map((claim) => [JSON.stringify(claim), claim])).values()]
}

function claimOf(part: string, match: RegExpMatchArray): RunClaim {
  const from = match.index ?? 0
  const around = part.slice(Math.max(0, from - 30), from + match[0].length + 30)
  return { script: (match.groups?.['script'] ?? '').replace(/^(?:\.\/)+/, ''), role: (match.groups?.['role'] ?? '').toLowerCase(), present: PRESENT.test(around), edited: EDITED.test(around) }
}

const MORE = /^(?:, | and |, and | & )([\w./-]*\w\.(?:py|sh|ipynb|R|jl)\b)/
function together(part: string, match: RegExpMatchArray): RunClaim[] {
  const more: RunClaim[] = []
  // Only where the list ends the match: "ran a.py and b.py".
  if (match.groups?.['script'] === undefined || !match[0].endsWith(match.groups['script'])) return more
  let rest = part.slice((match.index ?? 0) + match[0].length)
  for (let next = MORE.exec(rest); next !== null; next = MORE.exec(rest)) {
    // "ran a.py and b.py is missing" says nothing of the second one
    if (/^ (?:is|was|has|needs|will|to)\b/.test(rest.slice(next[0].length))) break
    more.push({ script: next[1] ?? '', role: '', present: false, edited: false })
    rest = rest.slice(next[0].length)
  }
  return more
}
