import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { Witness, openLevelStore } from '../../src/journal/index.ts'
import type { Disk } from './world.ts'

const made: string[] = []
afterAll(() => { for (const directory of made) rmSync(directory, { recursive: true, force: true }) })

/** A new store's folder, removed after the tests of its file. */
export const newFolder = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'kymo-test-'))
  made.push(directory)
  return directory
}

export const diskIn = (directory: string): Disk => ({ open: () => openLevelStore(join(directory, 'log')), witness: () => new Witness(join(directory, 'witness')) })

/** LevelDB and a witness in a folder of their own. */
export const newLevelDisk = async (): Promise<Disk> => diskIn(newFolder())
