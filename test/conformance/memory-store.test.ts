import { MemoryStore } from '../../src/journal/index.ts'
import { journalFeatures } from './features.ts'
import { foreseenFeatures } from './foreseen.ts'
import { interleavings } from './interleavings.ts'

const newDisk = async () => {
  const store = new MemoryStore()
  return { open: async () => store }
}
journalFeatures('the in-memory store', newDisk)
foreseenFeatures('the in-memory store', newDisk)
interleavings('the in-memory store', newDisk, 60)
