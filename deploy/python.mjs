// Makes sure that the scripts of the named tasks have their Python, in the small profile. Used by setup.sh, after the build.
//   node deploy/python.mjs TASK...            exit 0, or 1 with a sentence
//   node deploy/python.mjs --lacking TASK...  prints nothing when all is there, else the Debian packages that bring it
// --all names every task, and what prepares its data is asked for too.
import { findPython, preparePython } from '../dist/src/effects/python/index.js'
import { listTasks, loadTask, prepareDependencies, pythonDependencies } from '../dist/src/effects/tasks/index.js'

const words = process.argv.slice(2)
const all = words.includes('--all')
const names = all ? (await listTasks()).map(({ name }) => name) : words.filter((word) => !word.startsWith('--'))
const small = (await Promise.all(names.map((name) => loadTask(name)))).map(({ manifest }) => manifest.profiles.small)
const lists = new Map(small.flatMap((profile) => [pythonDependencies(profile), ...(all ? [prepareDependencies(profile)] : [])]).map((list) => [JSON.stringify(list), list]))

if (words.includes('--lacking')) {
  const lacking = await Promise.all([...lists.values()].map(async (dependencies) => (await findPython({ dependencies }).catch(() => undefined)) === undefined ? ['python3', ...dependencies.debian] : []))
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
