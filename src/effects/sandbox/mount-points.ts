import { cpSync, lstatSync, mkdirSync, readdirSync, rmSync, rmdirSync, statSync, unlinkSync, writeFileSync, constants } from 'node:fs'
import { dirname, join } from 'node:path'
import { KymoError } from '../../../schemas/errors.ts'
import { WORKSPACE } from './sandbox.ts'
import type { Sandbox, SandboxMount } from './sandbox.ts'

/** Immutable task data and where it appears in the workspace; an empty mount is the workspace itself. */
export interface ScriptLayer { source: string; mount: string }

export interface LayeredDirectory { mounts: SandboxMount[]; release(): void }

const kind = (path: string): 'none' | 'directory' | 'file' | 'other' => {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat === undefined ? 'none' : stat.isDirectory() ? 'directory' : stat.isFile() ? 'file' : 'other'
}

/** A layer over the workspace itself becomes one mount per entry, so that the run's own files stay beside them. */
function flatten(layers: readonly ScriptLayer[]): ScriptLayer[] {
  return layers.flatMap(({ source, mount }) => {
    const parts = mount.split('/').filter((part) => part !== '' && part !== '.')
    if (parts.includes('..') || mount.startsWith('/')) throw new KymoError('KYMO_BAD_LAYER', `A layer cannot be mounted at "${mount}": its mount must be a path inside the workspace.`)
    if (parts.length > 0) return [{ source, mount: parts.join('/') }]
    return readdirSync(source).sort().map((name) => ({ source: join(source, name), mount: name }))
  })
}

/**
 * Makes layers appear under a workspace directory: read-only mounts in a sandbox, copies without one (so that the originals stay as they are).
 * `release` takes away what was put there, and nothing that the script made.
 */
export function layerDirectory(sandbox: Sandbox, directory: string, layers: readonly ScriptLayer[]): LayeredDirectory {
  const made: { path: string; copy: boolean }[] = []
  const mounts: SandboxMount[] = [{ source: directory, target: WORKSPACE, writable: true }]

  const makeParents = (path: string): void => {
    const parent = dirname(path)
    if (parent.length <= directory.length) return
    makeParents(parent)
    const is = kind(parent)
    if (is === 'none') {
      mkdirSync(parent)
      made.push({ path: parent, copy: false })
    } else if (is !== 'directory') throw new KymoError('KYMO_BAD_LAYER', `The workspace has a file where the task's data belongs: ${parent.slice(directory.length + 1)}.`)
  }

  const release = (): void => {
    for (const { path, copy } of made.reverse()) {
      try {
        if (copy) rmSync(path, { recursive: true, force: true })
        else if (kind(path) === 'directory') rmdirSync(path)
        else if (lstatSync(path).size === 0) unlinkSync(path)
      } catch { /* the script keeps something in it, or took it away itself */ }
    }
  }

  try {
    for (const { source, mount } of flatten(layers)) {
      const at = join(directory, mount)
      const isDirectory = statSync(source).isDirectory()
      makeParents(at)
      if (kind(at) === 'other') throw new KymoError('KYMO_BAD_LAYER', `The workspace has a link or a device where the task's data belongs: ${mount}.`)
      if (sandbox.name === 'none') {
        if (kind(at) !== 'none') throw new KymoError('KYMO_BAD_LAYER', `The workspace has a file where the task's data belongs: ${mount}.`)
        made.push({ path: at, copy: true })
        cpSync(source, at, { recursive: true, mode: constants.COPYFILE_FICLONE })
        continue
      }
      if (kind(at) === 'none') {
        made.push({ path: at, copy: false })
        if (isDirectory) mkdirSync(at)
        else writeFileSync(at, '')
      }
      mounts.push({ source, target: `${WORKSPACE}/${mount}`, writable: false })
    }
  } catch (error) {
    release()
    throw error
  }
  return { mounts, release }
}
