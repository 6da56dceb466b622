import type { Command } from 'commander'
import { flag } from './flags.ts'

/**
 * MLAgentBench's flags, accepted so that its command lines work: those that mean something here are mapped, the others are
 * named in a note, never passed over in silence. Hidden in --help.
 */
const MAPPED: readonly (readonly [flags: string, means: string])[] = [
  ['--task <name>', 'TASK'], ['--agent-type <name>', '--agent'], ['--log-dir <folder>', '--store'], ['--resume <run>', 'kymo resume RUN'],
]

const WITHOUT_EFFECT: readonly (readonly [flags: string, why: string])[] = [
  ['--llm-name <model>', 'the agents of this version use no model'],
  ['--fast-llm-name <model>', 'the agents of this version use no model'],
  ['--edit-script-llm-name <model>', 'the agents of this version use no model'],
  ['--edit-script-llm-max-tokens <n>', 'the agents of this version use no model'],
  ['--model <model>', 'the agents of this version use no model'],
  ['--fast-model <model>', 'the agents of this version use no model'],
  ['--edit-model <model>', 'the agents of this version use no model'],
  ['--max-tokens <n>', 'the agents of this version use no model'],
  ['--max-cost <usd>', 'the agents of this version use no model'],
  ['--device <n>', 'scripts of this version get no GPU'],
  ['--work-dir <folder>', 'workspaces are kept in the store; "kymo workspace checkout" writes one out'],
  ['--resume-step <n>', 'a run is resumed where it was cut off'],
  ['--agent-max-steps <n>', '--max-steps limits the agent too'],
  ['--interactive', 'nobody is asked during a run'],
  ['--actions-remove-from-prompt <names...>', 'the agents of this version have no prompt'],
  ['--actions-add-to-prompt <names...>', 'the agents of this version have no prompt'],
  ['--retrieval', 'the agents of this version have no prompt'],
  ['--valid-format-entires <names...>', 'the agents of this version have no prompt'],
  ['--max-steps-in-context <n>', 'the agents of this version have no prompt'],
  ['--max-observation-steps-in-context <n>', 'the agents of this version have no prompt'],
  ['--max-retries <n>', 'the agents of this version use no model'],
]

export const OLD_HELP = 'MLAgentBench\'s flags (--agent-type, --max-steps, --log-dir, --resume, ...) are understood; those without effect yet say so.'

export function oldFlags(command: Command): Command {
  for (const [flags] of [...MAPPED, ...WITHOUT_EFFECT]) flag(command, flags, '', { hidden: true })
  return command
}

export interface OldOptions { task?: string; agentType?: string; logDir?: string; resume?: string }

const keyOf = (flags: string): string => (/--([a-z-]+)/.exec(flags)?.[1] ?? '').replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** One line for every flag that was given and does nothing. */
export function notesOnOldFlags(options: object): string[] {
  const given = options as Readonly<Record<string, unknown>>
  return WITHOUT_EFFECT.filter(([flags]) => given[keyOf(flags)] !== undefined).map(([flags, why]) => `${/--[a-z-]+/.exec(flags)?.[0] ?? flags} has no effect yet: ${why}`)
}
