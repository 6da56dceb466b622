import { newLevelDisk } from './level-disk.ts'
import { journalFeatures } from './features.ts'
import { foreseenFeatures } from './foreseen.ts'
import { interleavings } from './interleavings.ts'

journalFeatures('LevelDB', newLevelDisk)
foreseenFeatures('LevelDB', newLevelDisk)
interleavings('LevelDB', newLevelDisk, 15)
