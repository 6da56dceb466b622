import { newLevelDisk } from './level-disk.ts'
import { journalFeatures } from './features.ts'
import { interleavings } from './interleavings.ts'

journalFeatures('LevelDB', newLevelDisk)
interleavings('LevelDB', newLevelDisk, 15)
