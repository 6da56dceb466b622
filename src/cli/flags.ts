import { Option } from 'commander'
import type { Command } from 'commander'
import { ACTORS } from '../../schemas/actor-names.ts'
import { namesOf, timeSpan } from './arguments.ts'

/** `--max-steps <n>` -> `KYMO_MAX_STEPS`. */
export const variableOf = (flags: string): string => `KYMO_${(/--([a-z0-9-]+)/.exec(flags)?.[1] ?? '').replaceAll('-', '_').toUpperCase()}`

interface FlagOptions<T> { read?: (text: string, before: T) => T; choices?: readonly string[]; fallback?: T; hidden?: boolean; short?: boolean }

/** Adds a flag that may also come from its KYMO_... variable. */
export function flag<T>(command: Command, flags: string, description: string, { read, choices, fallback, hidden = false }: FlagOptions<T> = {}): Command {
  const option = new Option(flags, description)
  if (choices !== undefined) option.choices(choices)
  if (read !== undefined) option.argParser(read)
  if (fallback !== undefined) option.default(fallback)
  if (hidden) option.hideHelp()
  const variable = variableOf(flags)
  const value = process.env[variable]
  // To commander any value of a variable switches a flag on; to people 0 and an empty one mean off.
  const off = value === '' || (!flags.includes('<') && !flags.includes('[') && /^(0|false|no|off)$/i.test(value ?? ''))
  if (!off) option.env(variable)
  return command.addOption(option)
}

export interface StoreFlags { store: string; nats?: string; json?: boolean }

export const DEFAULT_STORE = '.kymo'

export function storeFlags(command: Command): Command {
  flag(command, '--store <folder>', 'the folder that runs are recorded in', { fallback: DEFAULT_STORE })
  return flag(command, '--nats <url>', 'reach the store through this NATS instead of its folder (nats://token@host:port)')
}

export const jsonFlag = (command: Command): Command => flag(command, '--json', 'print one JSON document on stdout; progress goes to stderr')


/** How scripts run on this machine. */
export function machineFlags(command: Command): Command {
  flag(command, '--sandbox <kind>', 'auto, bwrap, or none: scripts may then read and write what you can', { choices: ['auto', 'bwrap', 'none'], fallback: 'auto' })
  return flag(command, '--python <path>', 'the interpreter for scripts; default: the first that has what the task needs')
}

export const apartFlag = (command: Command): Command =>
  flag(command, '--apart <actors>', 'leave these actors, separated by commas, to "kymo actor" processes', { read: namesOf(ACTORS) })

export const timeFlag = (command: Command): Command => flag(command, '--max-time <time>', 'run time, like 90s, 15m or 5h (default 5h)', { read: timeSpan })

/** Loads a command's code, runs it, and keeps its exit code. */
export type Act = <Module>(load: Promise<Module>, run: (module: Module) => Promise<number>) => Promise<void>
/** Adds lines below a command's help. */
export type Examples = (command: Command, ...lines: string[]) => Command
