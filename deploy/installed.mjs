// Exits 0 if node_modules holds just what package-lock.json says (npm notes what it installed in node_modules/.package-lock.json).
import { readFileSync } from 'node:fs'

const read = (path) => JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).packages

function matches() {
  const wanted = read('package-lock.json')
  const installed = read('node_modules/.package-lock.json')
  for (const [path, { version, integrity, optional, link }] of Object.entries(wanted)) {
    if (path === '' || link) continue
    const here = installed[path]
    // Optional packages are for other platforms too.
    if (here === undefined ? !optional : here.version !== version || here.integrity !== integrity) return false
  }
  return Object.keys(installed).every((path) => wanted[path] !== undefined)
}

try {
  process.exitCode = matches() ? 0 : 1
} catch {
  process.exitCode = 1
}
