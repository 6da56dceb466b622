import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { limited, prlimitPath } from './resource-limits.ts'
import { throughMounts } from './sandbox.ts'
import type { Sandbox } from './sandbox.ts'

/**
 * No sandbox: limits and process trees only. The command runs in place, so it can read and write whatever you can.
 * Chosen by name only, never as a way out.
 */
export function noSandbox(): Sandbox {
  const prlimit = prlimitPath()
  return {
    name: 'none',
    version: '1',
    facts: () => canonicalJson({
      sandbox: 'none',
      version: '1',
      holds: ['environment-variables', 'output', 'wall-time', ...(prlimit === undefined ? [] : ['memory', 'file-size'])],
      not_held: ['files', 'network', 'other-processes', 'process-count', 'answers', 'capabilities', 'temporary-space', 'system-calls', ...(prlimit === undefined ? ['memory'] : [])].sort(),
    }),
    wrap: (command) => {
      const pathInside = (path: string): string => throughMounts(command.mounts, path)
      const [file = '', ...args] = limited(prlimit, command.limits, [pathInside(command.argv[0] ?? ''), ...command.argv.slice(1)], { processes: false })
      return { file, args, env: command.env, cwd: pathInside(command.cwd), pathInside }
    },
  }
}
