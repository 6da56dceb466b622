import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'

/** A control group that bounds the number of processes exactly, for root, whom RLIMIT_NPROC does not bind. */
export interface ProcessGroup {
  /** In front of the command: joins the group, then becomes the command. */
  enter: string[]
  members(): number[]
  remove(): void
}

const HOMES = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup']

/** Undefined for ordinary users and where control groups are not ours to make; the process watch bounds it then, within one look. */
export function processGroup(processes: number): ProcessGroup | undefined {
  if (process.getuid?.() !== 0) return undefined
  for (const home of HOMES) {
    const folder = join(home, `kymo-${randomUUID()}`)
    try {
      accessSync(home, constants.W_OK)
      mkdirSync(folder)
    } catch { continue }
    const remove = (): void => { try { rmdirSync(folder) } catch { /* a process is still leaving; the folder is empty and harmless */ } }
    try {
      // bubblewrap's own processes come on top.
      writeFileSync(join(folder, 'pids.max'), String(processes + 3))
      accessSync(join(folder, 'cgroup.procs'), constants.W_OK)
    } catch {
      remove()
      continue
    }
    return {
      enter: ['/bin/sh', '-c', 'echo $$ > "$0" || exit 125; exec "$@"', join(folder, 'cgroup.procs')],
      members: () => { try { return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter((line) => line !== '').map(Number) } catch { return [] } },
      remove,
    }
  }
  return undefined
}
