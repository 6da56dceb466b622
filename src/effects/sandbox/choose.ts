import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { KymoError } from '../../../schemas/errors.ts'
import { askProgram } from '../ask-program.ts'
import { bwrapSandbox } from './bwrap.ts'
import { DEFAULT_SCRIPT_LIMITS } from './limits.ts'
import { noSandbox } from './none.ts'
import { prlimitPath } from './resource-limits.ts'
import type { Sandbox } from './sandbox.ts'

export type SandboxRequest = 'auto' | 'bwrap' | 'none'

export type SandboxProbe = { ok: true; sandbox: Sandbox } | { ok: false; reason: string; fix: string }

const OPT_OUT = 'or accept that scripts can read and write whatever you can, with `--sandbox none`'

function findExecutable(name: string, path: string): string | undefined {
  const folders = [...path.split(delimiter).filter((folder) => folder.startsWith('/')), '/usr/bin', '/usr/local/bin', '/bin']
  return folders.map((folder) => join(folder, name)).find((file) => {
    try { accessSync(file, constants.X_OK); return true } catch { return false }
  })
}

function fixFor(stderr: string): string {
  if (/uid map|RTM_NEWADDR|creating new namespace|No permissions|Operation not permitted/i.test(stderr)) {
    return 'allow unprivileged user namespaces (Ubuntu 24.04: `sudo apt-get install apparmor-profiles` and load its bwrap-userns-restrict profile, '
      + 'or `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`; elsewhere `sudo sysctl kernel.unprivileged_userns_clone=1`; '
      + `in Docker run the container with --security-opt seccomp=unconfined), ${OPT_OUT}`
  }
  return `make this work or update bubblewrap (\`sudo apt-get install bubblewrap\`), ${OPT_OUT}`
}

/** Tries bubblewrap for real: a command with every namespace and limit that a script gets. Never throws. */
export async function probeBwrap({ path = process.env['PATH'] ?? '' }: { path?: string } = {}): Promise<SandboxProbe> {
  if (process.platform !== 'linux') return { ok: false, reason: `bubblewrap needs Linux and this is ${process.platform}`, fix: `use a Linux machine, ${OPT_OUT}` }
  const prlimit = prlimitPath()
  if (prlimit === undefined) return { ok: false, reason: 'prlimit is not installed', fix: 'install it: `sudo apt-get install util-linux`' }
  const bwrap = findExecutable('bwrap', path)
  if (bwrap === undefined) return { ok: false, reason: 'bubblewrap (bwrap) is not installed', fix: `install it: \`sudo apt-get install bubblewrap\` (dnf, pacman and zypper call it bubblewrap too), ${OPT_OUT}` }
  const clean = { env: {}, timeoutMs: 10_000 }
  const [about, help] = await Promise.all([askProgram(bwrap, ['--version'], clean), askProgram(bwrap, ['--help'], clean)])
  const version = /\d+(\.\d+)+/.exec(about.stdout)?.[0] ?? 'unknown'
  const options = new Set((help.stdout + help.stderr).match(/--[a-z0-9-]+/g) ?? [])
  const sandbox = bwrapSandbox({ path: bwrap, version, options, prlimit })
  const trial = sandbox.wrap({ argv: ['/bin/echo', 'inside'], cwd: '/tmp', env: { PATH: '/usr/bin:/bin' }, mounts: [], limits: DEFAULT_SCRIPT_LIMITS })
  const result = await askProgram(trial.file, trial.args, { ...clean, env: trial.env, cwd: trial.cwd })
  if (result.ok && result.stdout === 'inside') return { ok: true, sandbox }
  const said = result.stderr.trim() || result.why || 'nothing'
  return { ok: false, reason: `bubblewrap ${version} is installed but does not work here; it says: ${said}`, fix: fixFor(said) }
}

/**
 * The sandbox for scripts and graders. `auto` takes the strongest that really runs and never falls back to none.
 * Throws KYMO_NO_SANDBOX with what the probe said and what to type.
 */
export async function chooseSandbox({ requested = 'auto', path }: { requested?: SandboxRequest; path?: string } = {}): Promise<Sandbox> {
  if (requested === 'none') return noSandbox()
  if (requested !== 'auto' && requested !== 'bwrap') throw new KymoError('KYMO_BAD_SANDBOX', `There is no sandbox called "${String(requested)}"; choose auto, bwrap or none.`)
  const probe = await probeBwrap(path === undefined ? {} : { path })
  if (probe.ok) return probe.sandbox
  throw new KymoError('KYMO_NO_SANDBOX', `Scripts cannot be sandboxed: ${probe.reason}. To go on, ${probe.fix}.`)
}
