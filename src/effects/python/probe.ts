import { dirname } from 'node:path'
import { askProgram } from '../ask-program.ts'

/** An interpreter as it describes itself. */
export interface PythonFacts {
  executable: string
  /** Folders that a sandbox must show for it to start, outermost first. */
  prefixes: string[]
  version: string
  /** Of the asked packages, those that are installed. */
  packages: Record<string, string>
}

/** Imports nothing heavy unless asked about packages: 8 ms. Old syntax on purpose, so that an old Python answers too. */
const SCRIPT = `
import sys, os, json
version = None
if len(sys.argv) > 1:
    try:
        from importlib.metadata import version
    except ImportError:
        pass
packages = {}
for name in sys.argv[1:]:
    try:
        packages[name] = version(name)
    except Exception:
        pass
links = []
path = sys.executable
while os.path.islink(path) and len(links) < 40:
    path = os.path.join(os.path.dirname(path), os.readlink(path))
    links.append(os.path.normpath(path))
print(json.dumps({"executable": sys.executable, "prefixes": [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix], "links": links,
    "real": os.path.realpath(sys.executable), "home": [os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix)],
    "version": ".".join(str(part) for part in sys.version_info[:3]), "packages": packages}))
`

interface Answer { executable: string; prefixes: string[]; links: string[]; real: string; home: string[]; version: string; packages: Record<string, string> }

const within = (folder: string, path: string): boolean => path === folder || path.startsWith(`${folder}/`)

/** Drops folders that lie in others; a whole /usr is visible in every sandbox anyway. */
function outermost(folders: string[]): string[] {
  const kept: string[] = []
  for (const folder of [...new Set(folders)].filter((path) => path.startsWith('/') && path !== '/').sort((a, b) => a.length - b.length)) {
    if (!kept.some((other) => within(other, folder)) && !within('/usr', folder) && folder !== '/bin') kept.push(folder)
  }
  return kept
}

type Probed = { ok: true; facts: PythonFacts } | { ok: false; reason: string }

const early = new Map<string, Promise<Probed>>()

/** Asks an interpreter about itself while the rest of Kymo still loads: a shim takes as long as that. */
export function probeEarly(path: string): void {
  early.set(path, ask(path, []))
}

/** Asks an interpreter about itself and about packages. `path` may be a name to look up, or a shim: the answer names the real executable. */
export async function probePython(path: string, packages: readonly string[] = []): Promise<Probed> {
  const asked = early.get(path)
  // An answer is of its moment: the next question is asked anew.
  early.delete(path)
  if (asked === undefined) return ask(path, packages)
  const known = await asked
  return packages.length === 0 || !known.ok ? known : ask(known.facts.executable, packages)
}

async function ask(path: string, packages: readonly string[]): Promise<Probed> {
  const { ok, stdout, stderr, why } = await askProgram(path, ['-I', '-c', SCRIPT, ...packages], { timeoutMs: 20_000, cwd: '/' })
  if (!ok) return { ok: false, reason: /ENOENT/.test(why) ? `${path} does not exist` : stderr.trim().split('\n').at(-1) || why }
  try {
    const answer = JSON.parse(stdout) as Answer
    return {
      ok: true,
      facts: {
        executable: answer.executable,
        prefixes: outermost([...answer.prefixes, ...answer.home, ...[answer.real, ...answer.links].map((file) => dirname(dirname(file)))]),
        version: answer.version,
        packages: answer.packages,
      },
    }
  } catch {
    return { ok: false, reason: 'its answer is none of a Python' }
  }
}
