// Keeps what V8 compiled of a command between its starts, as module.enableCompileCache does from Node 22.1 on; half of a start is compiling otherwise.
const { createHash } = require('node:crypto')
const { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs')
const Module = require('node:module')
const { basename, dirname, join } = require('node:path')
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
function write(path, known, loaded) {
  const fresh = `${path}.${process.pid}`
  try {
    const parts = [...new Map([...known, ...[...loaded].map(([name, script]) => [name, script.createCachedData()])])]
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
 * From here on the files of `folder` are loaded with the code that an earlier start of the same command left; what was missing is
 * written down. A file's name must change with its content, since V8 compares no more than its length.
 */
exports.keepCompiledCode = (folder, command) => {
  const path = join(folder, 'compiled', `${/^[a-z]{1,20}$/.test(command) ? command : 'other'}-${process.version}-${process.arch}`)
  const known = read(path)
  const loaded = new Map()
  let news = false
  const ordinary = Module._extensions['.js']
  Module._extensions['.cjs'] = (module, filename) => {
    const name = basename(filename)
    // V8 forgets who imports for compiled code that was kept, so the one file that imports is compiled afresh.
    if (dirname(filename) !== folder || name.startsWith('import-module')) return ordinary(module, filename)
    const cachedData = known.get(name)
    const script = new Script(Module.wrap(readFileSync(filename, 'utf8')), { filename, cachedData })
    loaded.set(name, script)
    news ||= cachedData === undefined || script.cachedDataRejected === true
    script.runInThisContext().call(module.exports, module.exports, (id) => module.require(id), module, filename, dirname(filename))
  }
  const keep = () => {
    if (news) write(path, known, loaded)
    news = false
  }
  // Not only at the end: V8 forgets what has not been called for a while, and a run may take hours.
  setTimeout(keep, SETTLED_MS).unref()
  process.once('exit', keep)
}
