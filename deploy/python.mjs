// Makes sure that the scripts of the named tasks have their Python. Used by setup.sh, after the build.
//   node deploy/python.mjs TASK...            exit 0, or 1 with a sentence
//   node deploy/python.mjs --debian TASK...   the Debian packages that bring the same
import { loadTask } from '../dist/src/effects/tasks/index.js'
import { preparePython } from '../dist/src/effects/python/index.js'

const debian = process.argv.includes('--debian')
const names = process.argv.slice(2).filter((word) => word !== '--debian')
const lists = (await Promise.all(names.map(async (name) => (await loadTask(name)).manifest.profiles.small.python)))
  .map(({ dependencies, debian: packages, requires }) => ({ pip: dependencies, debian: packages, requires }))

if (debian) console.log([...new Set(lists.flatMap((list) => ['python3', ...list.debian]))].join(' '))
else {
  for (const dependencies of lists) {
    try {
      await preparePython({ dependencies, log: (line) => console.log(`  ${line}`) })
    } catch (error) {
      console.error(error instanceof Error ? error.message : error)
      process.exitCode = 1
    }
  }
}
