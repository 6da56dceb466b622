import type { PlayedRun } from './in-memory-run.ts'
import { Journal, MemoryStore } from '../../src/journal/index.ts'
import { MemoryBlobs } from '../../src/blobs/index.ts'

/** A played run's journal as a client of a store would see it. */
export const clientOf = ({ journal, blobs }: Pick<PlayedRun, 'journal' | 'blobs'>) => ({
  blobs,
  read: journal.read.bind(journal), list: journal.list.bind(journal), check: journal.check.bind(journal), viewGet: journal.viewGet.bind(journal), viewPut: journal.viewPut.bind(journal),
})

export const emptyStore = async () => {
  const blobs = new MemoryBlobs()
  const journal = await new Journal({ store: new MemoryStore(), hasFile: (hash) => blobs.contents.has(hash) }).open()
  return { journal, blobs }
}
