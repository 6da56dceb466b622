// Keeps what V8 compiled of a command between its starts, as module.enableCompileCache does from Node 22.1 on; half of a start is compiling otherwise.
const { createHash } = require('node:crypto')
const { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs')
const { createRequire, wrap } = require('node:module')
const { dirname, join } = require('node:path')
const { Script } = require('node:vm')

const DIGEST = 32
const SETTLED_MS = 3000

/** Compiled code by the name of its file. V8 takes damaged code without a look, so a digest stands first. */
function read(path) {
  try {
    const bytes = readFileSync(path)
    const rest = bytes.subarray(DIGEST)
    if (!createHash('sha256').update(rest).digest().equals(bytes.subarray(0, DIGEST))) return new Map()
    const end = rest.indexOf(10)
    let at = end + 1
    return new Map(JSON.parse(rest.toString('utf8', 0, end)).map(([name, size]) => [name, rest.subarray(at, at += size)]))
  } catch {
    return new Map()
  }
}

/** Another process may do the same at this moment: the last one counts. A folder that cannot be written costs time, nothing else. */
function write(path, known, scripts) {
  const fresh = `${path}.${process.pid}`
  try {
    const parts = [...new Map([...known, ...[...scripts].map(([name, script]) => [name, script.createCachedData()])])]
    const rest = Buffer.concat([Buffer.from(`${JSON.stringify(parts.map(([name, { length }]) => [name, length]))}\n`), ...parts.map(([, data]) => data)])
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(fresh, Buffer.concat([createHash('sha256').update(rest).digest(), rest]))
    renameSync(fresh, path)
  } catch {
    try {
      rmSync(fresh, { force: true })
    } catch {
      // there is no such folder either
    }
  }
}

/**
 * Requires `entry`, a file of `folder`, with the code that an earlier start of the same command left; what was missing is written
 * down. A file's name must change with its content, since V8 compares no more than its length.
 */
exports.requireCompiled = (folder, entry, command) => {
  const path = join(folder, 'compiled', `${/^[a-z]{1,20}$/.test(command) ? command : 'other'}-${process.version}-${process.arch}`)
  const known = read(path)
  const modules = new Map()
  const scripts = new Map()
  let news = false
  const ordinary = createRequire(join(folder, entry))
  const load = (id) => {
    // V8 forgets who imports for compiled code that was kept, so the one file that imports is compiled by Node.
    if (!id.startsWith('./') || id.startsWith('./import-module')) return ordinary(id)
    const name = id.slice(2)
    const there = modules.get(name)
    if (there !== undefined) return there.exports
    const module = { exports: {} }
    modules.set(name, module)
    const filename = join(folder, name)
    const cachedData = known.get(name)
    const script = new Script(wrap(readFileSync(filename, 'utf8')), { filename, cachedData })
    scripts.set(name, script)
    news ||= cachedData === undefined || script.cachedDataRejected === true
    script.runInThisContext().call(module.exports, module.exports, load, module, filename, folder)
    return module.exports
  }
  const keep = () => {
    if (news) write(path, known, scripts)
    news = false
  }
  // Not only at the end: V8 forgets what has not been called for a while, and a run may take hours.
  setTimeout(keep, SETTLED_MS).unref()
  process.once('exit', keep)
  return load(entry)
}
