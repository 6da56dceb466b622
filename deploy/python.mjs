// Makes sure that the scripts of the named tasks have their Python, in the small profile. Used by setup.sh, after the build.
//   node deploy/python.mjs TASK...            exit 0, or 1 with a sentence
//   node deploy/python.mjs --lacking TASK...  prints nothing when all is there, else the Debian packages that bring it
// --all names every task of the paper, and what prepares its data is asked for too.
import { join } from 'node:path'
import { findPython, lacks, parseRequirement, preparePython, probePython } from '../dist/src/effects/python/index.js'
import { listTasks, loadTask, packageRoot, prepareDependencies, pythonDependencies } from '../dist/src/effects/tasks/index.js'

const words = process.argv.slice(2)
const all = words.includes('--all')
const tasks = all ? (await listTasks([join(packageRoot(), 'tasks')])).flatMap(({ task }) => task ?? []) : await Promise.all(words.filter((word) => !word.startsWith('--')).map((name) => loadTask(name)))
const small = tasks.map(({ manifest }) => manifest.profiles.small)
const lists = new Map(small.flatMap((profile) => [pythonDependencies(profile), ...(all ? [prepareDependencies(profile)] : [])]).map((list) => [JSON.stringify(list), list]))

if (words.includes('--lacking')) {
  // One question to each interpreter of the system; what none of them has may be in an environment that was made for it.
  const packages = [...new Set([...lists.values()].flatMap(({ pip }) => pip.map((text) => parseRequirement(text).name)))]
  const probes = await Promise.all(['python3', '/usr/bin/python3'].map((path) => probePython(path, packages)))
  const open = [...lists.values()].filter((list) => !probes.some((probe) => probe.ok && lacks(probe.facts, list).length === 0))
  const lacking = await Promise.all(open.map(async (dependencies) => (await findPython({ dependencies }).catch(() => undefined)) === undefined ? ['python3', ...dependencies.debian] : []))
  console.log([...new Set(lacking.flat())].join(' '))
} else {
  for (const dependencies of lists.values()) {
    try {
      await preparePython({ dependencies, log: (line) => console.log(`  ${line}`) })
    } catch (error) {
      console.error(error instanceof Error ? error.message : error)
      process.exitCode = 1
    }
  }
}
