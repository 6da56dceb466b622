import { lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { processGroup } from './process-group.ts'
import { countsProcessesPerNamespace, limited } from './resource-limits.ts'
import { throughMounts } from './sandbox.ts'
import type { Sandbox, SandboxedCommand } from './sandbox.ts'

const ETC = ['alternatives', 'ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'mime.types', 'fonts', 'localtime']
const ETC_NETWORK = ['resolv.conf', 'hosts', 'nsswitch.conf', 'ssl', 'ca-certificates', 'pki']

/** /bin and its kin are links into /usr on most systems and folders on the others. */
function systemFolders(): string[] {
  return ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'].flatMap((path) => {
    try {
      return lstatSync(path).isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path]
    } catch { return [] }
  })
}

/** Debian keeps parts of its Python under /etc/python3*. */
const etc = (names: string[]): string[] => {
  const python = readdirSync('/etc').filter((name) => name.startsWith('python3'))
  return [...names, ...python].flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`])
}

const underUsr = (path: string): boolean => path === '/usr' || path.startsWith('/usr/')

const boundsByGroup = (): boolean => {
  const group = processGroup(1)
  group?.remove()
  return group !== undefined
}

/**
 * bubblewrap: an allow-list file system, own user, process, network, ipc and host-name namespaces, no capabilities, limits set inside.
 * bwrap itself is started with an empty environment, because inside it is process 1 and everyone may read its environ.
 * `options` are those that this bwrap knows (older ones lack some).
 */
export function bwrapSandbox({ path, version, options, prlimit }: { path: string; version: string; options: ReadonlySet<string>; prlimit: string }): Sandbox {
  const known = (option: string, ...values: string[]): string[] => (options.has(option) ? [option, ...values] : [])
  const tmpfs = (size: number, target: string): string[] => [...known('--size', String(size)), '--tmpfs', target]

  const args = (command: SandboxedCommand, statusFd: number | undefined): string[] => {
    const mounts = [...command.mounts].filter((mount) => mount.writable || mount.source !== mount.target || !underUsr(mount.target)).sort((a, b) => a.target.length - b.target.length)
    return [
      '--unshare-user', '--uid', '1000', '--gid', '1000', '--cap-drop', 'ALL', ...known('--disable-userns'),
      '--unshare-pid', '--unshare-ipc', '--unshare-uts', ...known('--unshare-cgroup-try'), ...(command.network ? [] : ['--unshare-net']),
      '--hostname', 'sandbox', '--die-with-parent', '--new-session', ...(statusFd === undefined ? [] : ['--json-status-fd', String(statusFd)]),
      '--ro-bind', '/usr', '/usr', ...systemFolders(), ...etc(command.network ? [...ETC, ...ETC_NETWORK] : ETC),
      '--proc', '/proc', '--dev', '/dev',
      ...tmpfs(command.limits.tmpBytes, '/tmp'), ...tmpfs(command.limits.shmBytes, '/dev/shm'), ...tmpfs(command.limits.tmpBytes, '/home/agent'),
      // After the tmpfs mounts: an interpreter may live under /tmp or /home.
      ...mounts.flatMap((mount) => [mount.writable ? '--bind' : '--ro-bind', mount.source, mount.target]),
      // What is left of / and /dev is memory without a limit. In /proc, root's files (core_pattern) obey the owner's number, not its capabilities.
      '--remount-ro', '/proc', '--remount-ro', '/dev', '--remount-ro', '/',
      '--clearenv', ...Object.entries(command.env).flatMap(([name, value]) => ['--setenv', name, value]),
      '--chdir', command.cwd, '--',
      ...limited(prlimit, command.limits, command.argv, { processes: countsProcessesPerNamespace() }),
    ]
  }

  return {
    name: 'bwrap',
    version,
    facts: () => canonicalJson({
      sandbox: 'bwrap',
      version,
      holds: ['files', 'environment', 'network', 'processes', 'memory', 'capabilities', 'temporary-space'],
      not_held: [
        'system-calls', 'kernel-exploits', 'side-channels', 'disk-within-one-second',
        ...(countsProcessesPerNamespace() || boundsByGroup() ? [] : ['process-count-within-one-poll']),
        ...(options.has('--size') ? [] : ['temporary-space-size']),
        ...(options.has('--disable-userns') ? [] : ['nested-user-namespaces']),
      ],
    }),
    wrap: (command, { statusFd } = {}) => ({ file: path, args: args(command, statusFd), env: {}, cwd: '/', pathInside: (inside) => throughMounts(command.mounts, inside) }),
  }
}
