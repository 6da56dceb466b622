import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Provenance } from '../../../schemas/generated/events.ts'
import { sha256Hex } from '../../../schemas/hash.ts'
import { packageRoot } from '../tasks/index.ts'

const git = async (...args: string[]): Promise<string> =>
  promisify(execFile)('git', ['-C', packageRoot(), ...args], { timeout: 2000 }).then(({ stdout }) => stdout.trim(), () => '')

/** What code and machine begin a run. */
export async function provenance(): Promise<Provenance> {
  const root = packageRoot()
  const read = async (path: string): Promise<string> => readFile(join(root, path), 'utf8').catch(() => '')
  const [manifest, lockfile, xstate, answer] = await Promise.all([
    read('package.json'), read('package-lock.json'), read('node_modules/xstate/package.json'),
    // One question for commit and changes: `# branch.oid COMMIT`, then a line per change.
    existsSync(join(root, '.git')) ? git('status', '--porcelain=v2', '--branch', '--untracked-files=no') : '',
  ])
  const status = answer.split('\n')
  const commit = /^# branch\.oid ([0-9a-f]+)$/.exec(status.find((line) => line.startsWith('# branch.oid')) ?? '')?.[1] ?? ''
  const version = (text: string): string => (text === '' ? '' : String((JSON.parse(text) as { version?: string }).version ?? ''))
  return {
    kymo: version(manifest), commit, dirty: status.some((line) => line !== '' && !line.startsWith('#')), lockfile: sha256Hex(lockfile), node: process.versions.node, xstate: version(xstate), host: hostname(), platform: `${process.platform} ${process.arch}`,
  }
}
