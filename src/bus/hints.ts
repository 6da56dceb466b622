import { kymo } from '../../schemas/generated/messages.js'
import type { CommittedRecord } from '../journal/index.ts'
import { callSubject, runEvents } from './subjects.ts'

const NOTHING = new Uint8Array()
/** Bytes of records in one message; NATS takes 1 MiB. */
const HINT_BYTES = 512 * 1024

/**
 * Tells whoever listens what was committed. An appender waits for its answer, so that goes first: hints follow once this turn of the
 * event loop is done.
 */
export const createHints = (publish: (subject: string, data: Uint8Array) => void) => (run: string, records: readonly CommittedRecord[], apart: ReadonlySet<string>): void => {
  process.nextTick(() => {
    for (const data of inMessages(records)) publish(runEvents(run), data)
    if (apart.size === 0) return
    const called = new Set(records.map(({ to }) => to.split('/', 1)[0] ?? ''))
    for (const to of called) if (apart.has(to) || to === 'runner') publish(callSubject(run, to), NOTHING)
  })
}

/** A commit's records of one run as messages: one, unless they are many. */
function* inMessages(records: readonly CommittedRecord[]): Generator<Uint8Array> {
  let next: Uint8Array[] = []
  let size = 0
  for (const { bytes } of records) {
    if (size + bytes.length > HINT_BYTES && next.length > 0) {
      yield kymo.v1.journal.Committed.encode({ records: next }).finish()
      next = []
      size = 0
    }
    next.push(bytes)
    size += bytes.length
  }
  if (next.length > 0) yield kymo.v1.journal.Committed.encode({ records: next }).finish()
}
