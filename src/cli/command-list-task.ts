import type { Command } from 'commander'
import { DEFAULT_PROFILE, PROFILES } from '../../schemas/profile-names.ts'
import { timeSpan, wholeNumber } from './arguments.ts'
import { flag, jsonFlag, machineFlags } from './flags.ts'
import type { Act, Examples } from './flags.ts'

const NAME_HELP = 'a name from "kymo task list"'

/** `kymo task ...`: the problems. */
export function addTaskCommands(program: Command, act: Act, examples: Examples): void {
  const task = program.command('task').description('the problems: list, show, prepare, check, new, cache')
  const profile = (command: Command): Command => flag(command, '--profile <name>', 'small: made here in seconds; full: the paper\'s, with its downloads', { choices: PROFILES, fallback: DEFAULT_PROFILE })

  const list = jsonFlag(task.command('list')).description('show the tasks there are')
  examples(list, 'kymo task list', 'KYMO_TASKS=~/my-tasks kymo task list')
  list.action((options) => act(import('./commands/task.ts'), (module) => module.taskList(options)))

  const show = jsonFlag(task.command('show')).description('show a task: what to do, metric, limits, what it needs').argument('<task>', NAME_HELP)
  examples(show, 'kymo task show vectorization')
  show.action((name, options) => act(import('./commands/task.ts'), (module) => module.taskShow(name, options)))

  const prepare = jsonFlag(profile(task.command('prepare'))).description('install what the scripts of a task import, and make or fetch its data').argument('<task>', NAME_HELP)
  flag(prepare, '--python <path>', 'an environment of your own for the scripts, say one with CUDA: nothing is installed for them')
  flag(prepare, '--update-lock', 'for authors: take the data that come out and write them into data.lock.json')
  flag(prepare, '--yes', 'fetch and store what a profile needs without being asked, however much it is')
  examples(prepare, 'kymo task prepare house-price', 'kymo task prepare cifar10 --profile full', 'kymo task prepare fathomnet --profile full --yes', 'kymo task prepare imdb --profile full --python ~/torch/bin/python')
  prepare.action((name, options) => act(import('./commands/task-prepare.ts'), (module) => module.taskPrepare(name, options)))

  const check = machineFlags(jsonFlag(profile(task.command('check')))).description('prove a task: its baseline and spread, its reference solution, and that no forgery gains anything').argument('[tasks...]', NAME_HELP)
  flag(check, '--all', 'every task')
  flag(check, '--runs <n>', 'how often the starter is run', { read: wholeNumber(1), fallback: 3 })
  flag(check, '--jobs <n>', 'attempts side by side; default: one for each core, as memory allows. What is scored by time always runs alone', { read: wholeNumber(1) })
  flag(check, '--update-baseline', 'for authors: take what the starter reaches and write it into baseline.json')
  examples(check, 'kymo task check vectorization', 'kymo task check --all --profile small')
  check.action((names, options) => act(import('./commands/task-check.ts'), (module) => module.taskCheck(names, options)))

  const cache = jsonFlag(task.command('cache')).description('show the data that were prepared on this machine: size, last use, still current')
  flag(cache, '--prune', 'remove what earlier versions of the tasks made and nobody used for a while, and what did not end')
  flag(cache, '--unused <time>', 'how long is a while, like 7d (default 30d, at least 1d)', { read: timeSpan })
  examples(cache, 'kymo task cache', 'kymo task cache --prune --unused 7d')
  cache.action((options) => act(import('./commands/task-cache.ts'), (module) => module.taskCacheList(options)))

  const create = task.command('new').description('write the skeleton of a task, to be turned into another one').argument('<name>', 'letters, digits and hyphens')
  examples(create, 'kymo task new sea-level', 'KYMO_TASKS=~/my-tasks kymo task new sea-level')
  create.action((name) => act(import('./commands/task-new.ts'), (module) => module.taskNew(name)))
}
