import type { Command } from 'commander'
import { DEFAULT_PROFILE, PROFILES } from '../../schemas/profile-names.ts'
import { keyValue, wholeNumber } from './arguments.ts'
import { apartFlag, flag, jsonFlag, machineFlags, storeFlags, timeFlag } from './flags.ts'
import type { Act, Examples } from './flags.ts'
import { limitsFlag, modelFlags } from './model-flags.ts'
import { OLD_HELP, oldFlags } from './old-flags.ts'

/** `kymo run`, `kymo resume` and `kymo cancel`. */
export function addRunCommands(program: Command, act: Act, examples: Examples): void {
  const run = program.command('run').description('let an agent work on a task; progress is live, the score comes at the end').argument('[task]', 'a name from "kymo task list"')
  flag(run, '--agent <name>', 'who works: a name from "kymo agent list"', { fallback: 'baseline' })
  flag(run, '--agent-config <key=value>', 'a setting of the agent; may be repeated', { read: keyValue })
  flag(run, '--profile <name>', 'small runs anywhere in minutes, full is the paper\'s size', { choices: PROFILES, fallback: DEFAULT_PROFILE })
  flag(run, '--seed <n>', 'seed of everything random in the run', { read: wholeNumber(0), fallback: 0 })
  flag(run, '--max-steps <n>', 'how many actions the agent may take (default 50)', { read: wholeNumber(1) })
  timeFlag(run)
  modelFlags(run)
  flag(run, '--interactive', 'you are there: the agent may ask for help')
  flag(run, '--actions-module <file>', 'more actions, from a YAML, JSON or JavaScript file')
  flag(run, '--grade-steps', 'grade the workspace after every step, not only at the end')
  apartFlag(run)
  machineFlags(run)
  flag(run, '--quiet', 'leave out what scripts print')
  jsonFlag(storeFlags(run))
  oldFlags(run)
  examples(run,
    'kymo run vectorization --agent baseline',
    'kymo run vectorization --agent scripted --agent-config script=tasks/vectorization/demo.yaml',
    'kymo run vectorization --agent research --model anthropic/claude-sonnet-5-5 --max-cost 5',
    'kymo run vectorization --max-steps 30 --max-time 2h --json > result.json', '',
    'Ctrl-C stops scripts and leaves a run that "kymo resume" finishes; a second Ctrl-C stops at once.', OLD_HELP)
  run.action(async (task, options, command: Command) => {
    (await import('./look-early.ts')).lookEarly(options)
    await act(import('./commands/run.ts'), (module) => module.run(task, options, command.getOptionValueSource('agent') === 'default'))
  })

  const resume = program.command('resume').description('finish a run that was cut off; the same command twice does no harm').argument('[run]', 'an id, the beginning of one, or "last"; default: the newest that was cut off')
  apartFlag(resume)
  machineFlags(resume)
  limitsFlag(resume)
  flag(resume, '--interactive', 'you are there: the agent may ask for help')
  flag(resume, '--quiet', 'leave out what scripts print')
  jsonFlag(storeFlags(resume))
  examples(resume, 'kymo resume', 'kymo resume 019b')
  resume.action((name, options) => act(import('./commands/resume.ts'), (module) => module.resume(name, options)))

  const cancel = jsonFlag(storeFlags(program.command('cancel'))).description('end a run for good; its script is stopped and no score is made').argument('<run>', 'an id, the beginning of one, or "last"')
  flag(cancel, '--reason <text>', 'why, for the record', { fallback: '' })
  examples(cancel, 'kymo cancel last', 'kymo cancel 019b --reason "wrong data"')
  cancel.action((name, options) => act(import('./commands/cancel.ts'), (module) => module.cancel(name, options)))
}
