// The layer rule: folders are guarantees (architecture, section 3). Reads every source file and names each import or word that breaks it.
//   node deploy/layers.mjs [FOLDER]   one line per breach; exit 1 if there is any
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** From the top down; a file imports only from its own folder and from folders above it. */
export const LAYERS = ['schemas', 'actors', 'src/journal', 'src/blobs', 'src/bus', 'src/workspace', 'src/host', 'src/effects', 'src/replay', 'src/cli']

/** Packages that one folder has for itself. */
const OWNERS = [
  [/^(level|classic-level|abstract-level)$/, 'src/journal'],
  [/^(@nats-io\/.*|nats)$/, 'src/bus'],
  [/^protobufjs(\/.*)?$/, 'schemas'],
]

/** What would let a machine see the world: clocks, chance, the process. */
const IMPURE = ['Date', 'process', 'globalThis', 'global', 'Buffer', 'performance', 'crypto', 'fetch', 'WebSocket', 'require', 'console', 'navigator',
  'setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'queueMicrotask', 'Intl', 'WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'Atomics', 'eval', 'Function']

const TOKEN = /\/\/[^\n]*|\/\*[^]*?\*\/|'(?:\\[^]|[^'\\\n])*'|"(?:\\[^]|[^"\\\n])*"|`(?:\\[^]|[^`\\])*`|(?<=(?:^|[=(,:[!&|?{};+\n]|return)\s*)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/[a-z]*/g
const blank = (text) => text.replace(/[^\n]/g, ' ')
const holes = (template) => template.replace(/\$\{([^}]*)\}|[^\n]/g, (whole, hole) => (hole === undefined ? ' ' : `  ${hole} `))

/** The code alone, every character in its place; comments, patterns and (unless wanted) strings are blank. */
function codeOf(source, keepStrings) {
  return source.replace(TOKEN, (token) => {
    if (token[0] === '/') return blank(token)
    if (token[0] === '`') return keepStrings ? token : holes(token)
    return keepStrings ? token : blank(token)
  })
}

const IMPORT = /\b(?:import|export)\b[^'"`;()]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*['"]([^'"]+)['"]|\bimport\s*\(\s*['"`]([^'"`]+)['"`]/g
const lineAt = (text, index) => text.slice(0, index).split('\n').length

function filesUnder(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'generated' ? [] : filesUnder(path)
    return /\.(ts|mts|js|mjs)$/.test(entry.name) ? [path] : []
  })
}

const layerOf = (path) => LAYERS.findIndex((layer) => path.startsWith(`${layer}/`))
const isBuiltin = (name) => name.startsWith('node:') || builtinModules.includes(name)

function breachOfImport(file, target, root) {
  const from = layerOf(file)
  if (!target.startsWith('.')) {
    if (file.startsWith('actors/') && isBuiltin(target)) return `actors decide without input or output, so they cannot import ${target}; let a runner in src/effects do it`
    const owner = OWNERS.find(([pattern]) => pattern.test(target))
    return owner !== undefined && LAYERS[from] !== owner[1] ? `only ${owner[1]} imports ${target}; use what ${owner[1]} exports` : undefined
  }
  const path = relative(root, resolve(root, dirname(file), target))
  const to = layerOf(path)
  if (to === -1) return `${path} is in no layer; sources import from ${LAYERS.join(', ')} only`
  if (to > from) return `${LAYERS[from]} may not import from ${LAYERS[to]} (${path}), which stands below it; move the shared part up or pass it in`
  if (to !== from && LAYERS[to].startsWith('src/') && !path.endsWith('/index.ts')) return `${path} is inside another folder; import from its index.ts`
  return undefined
}

/** Every breach below `root` as `file:line: what is wrong and what to do`. */
export function findBreaches(root) {
  const breaches = []
  for (const top of ['schemas', 'actors', 'src']) {
    for (const absolute of filesUnder(join(root, top))) {
      const file = relative(root, absolute)
      const source = readFileSync(absolute, 'utf8')
      if (layerOf(file) === -1) {
        breaches.push(`${file}:1: this folder is in no layer; put the file under one of ${LAYERS.join(', ')}`)
        continue
      }
      const withStrings = codeOf(source, true)
      for (const match of withStrings.matchAll(IMPORT)) {
        const breach = breachOfImport(file, match[1] ?? match[2] ?? match[3], root)
        if (breach !== undefined) breaches.push(`${file}:${lineAt(source, match.index)}: ${breach}`)
      }
      if (!file.startsWith('actors/')) continue
      const code = codeOf(source, false)
      for (const match of code.matchAll(new RegExp(`(?<![.\\w$])(?:${IMPURE.join('|')})(?![\\w$])(?!(?<=[{,]\\s*[\\w$]+)\\s*:)|\\bMath\\s*\\.\\s*random\\b|\\bimport\\s*\\.\\s*meta\\b`, 'g'))) {
        breaches.push(`${file}:${lineAt(source, match.index)}: actors are pure, so they cannot use ${match[0].replace(/\s/g, '')}; time and chance come with events`)
      }
    }
  }
  return breaches
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const breaches = findBreaches(resolve(process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..')))
  for (const breach of breaches) console.log(breach)
  process.exitCode = breaches.length === 0 ? 0 : 1
}
