import { chmod, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseTree } from '../../../schemas/tree.ts'
import type { BlobStore } from '../../blobs/index.ts'

/** Writes a tree's files below a new directory. */
export async function materialise(tree: string, blobs: BlobStore, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  const manifest = Buffer.from(await blobs.get(tree)).toString('utf8')
  for (const { path, kind, mode, sha256 } of parseTree(manifest).values()) {
    const target = join(directory, path)
    if (kind === 'dir') {
      await mkdir(target, { recursive: true })
      continue
    }
    await mkdir(dirname(target), { recursive: true })
    await blobs.getToFile(sha256, target, mode)
    await chmod(target, mode)
  }
}
