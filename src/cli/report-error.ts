import type { Command, CommanderError } from 'commander'
import { messageOf } from '../../schemas/errors.ts'
import { EXIT } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'
import { didYouMean } from './nearest.ts'
import { printable } from './format.ts'
import { stderr } from './output.ts'
import { isUsage } from './usage-error.ts'

/** Names of files and programs keep their spelling. */
const capital = (text: string): string => (/^[\w-]*[./\\_:]/.test(text.split(' ', 1)[0] ?? '') ? text : text.charAt(0).toUpperCase() + text.slice(1))
const sentence = (text: string): string => (/[.!?:)"`]$/.test(text) || /(^|\s)\S*[/:]\S*$/.test(text) ? text : `${text}.`)

function say(text: string): void {
  const { colors, line } = stderr()
  line(`${colors.red('error')} ${printable(text)}`)
}

/** What went wrong as a sentence on stderr; a fault of Kymo itself shows where, for a report. */
export function reportError(error: unknown): ExitCode {
  if (error instanceof Error && error.name === 'KymoError') {
    say(capital(sentence(error.message)))
    return isUsage(error) ? EXIT.usage : EXIT.failed
  }
  say(`This is a fault in Kymo: ${messageOf(error)}. What was recorded is safe. Please report it with these lines:`)
  if (error instanceof Error && error.stack !== undefined) stderr().line(stderr().colors.dim(printable(error.stack)))
  return EXIT.failed
}

/** The command that the words before the problem name. */
function commandOf(program: Command, argv: readonly string[]): { command: Command; path: string } {
  let command = program
  let path = program.name()
  for (const word of argv) {
    if (word.startsWith('-')) continue
    const next = command.commands.find((sub) => sub.name() === word || sub.aliases().includes(word))
    if (next === undefined) break
    command = next
    path += ` ${next.name()}`
  }
  return { command, path }
}

const namesOf = (command: Command): string[] => command.commands.filter((sub) => !sub.name().startsWith('_')).map((sub) => sub.name())
const flagsOf = (command: Command): string[] => ['--help', ...command.options.flatMap(({ long }) => (long === undefined || long === null ? [] : [long]))]

/** A wrong command line: one sentence with the nearest match and what to type. Help and version are no problems. */
export function reportCommandLine(error: CommanderError, program: Command, argv: readonly string[]): ExitCode {
  const { command, path } = commandOf(program, argv)
  const help = `"${path} --help" shows what it takes.`
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? ''
  switch (error.code) {
    case 'commander.helpDisplayed':
    case 'commander.version': return EXIT.ok
    case 'commander.help': {
      // A group such as `kymo workspace` without a command: commander has printed its help.
      if (command.commands.length > 0 && argv.length > 0 && !argv.includes('help') ) say(`Name a command of ${path}: ${namesOf(command).join(', ')}.`)
      return argv.includes('help') ? EXIT.ok : EXIT.usage
    }
    case 'commander.unknownCommand':
      say(`There is no command ${path} ${quoted}.${didYouMean(quoted, namesOf(command))} The commands are: ${namesOf(command).join(', ')}.`)
      return EXIT.usage
    case 'commander.unknownOption': {
      const [name = quoted] = quoted.split('=')
      say(`There is no flag ${name} for ${path}.${didYouMean(name, flagsOf(command))} ${help}`)
      return EXIT.usage
    }
    case 'commander.excessArguments':
      say(`That is more than ${path} takes, which is ${command.registeredArguments.map((argument) => argument.name().toUpperCase()).join(' ') || 'no arguments'}. Quote words that belong together; ${help}`)
      return EXIT.usage
    case 'commander.missingArgument':
      say(`${capital(quoted)} is missing. Type: ${path} ${command.registeredArguments.map((argument) => (argument.required ? argument.name().toUpperCase() : `[${argument.name().toUpperCase()}]`)).join(' ')}; ${help}`)
      return EXIT.usage
    case 'commander.optionMissingArgument':
      say(`The flag ${quoted.split(' ')[0] ?? quoted} of ${path} needs a value. Type: ${path} ... ${quoted}`)
      return EXIT.usage
    case 'commander.invalidArgument':
      say(capital(invalid(error.message)))
      return EXIT.usage
    default:
      say(capital(sentence(error.message.replace(/^error: /, '').replace(/\n/g, ' '))))
      return EXIT.usage
  }
}

/** `error: option '--x <n>' value 'y' from env 'KYMO_X' is invalid. Advice` -> `the flag --x (from KYMO_X) cannot be "y". Advice` */
export function invalid(message: string): string {
  const match = /^error: (?:option|command-argument) '([^']*?)' (?:value|argument)? ?'([^']*)'(?: from env '([^']*)')? is invalid\.\s*(.*)$/s.exec(message)
  if (match === null) return sentence(message.replace(/^error: /, '').replace(/\n/g, ' '))
  const [, flags = '', value = '', variable, advice = ''] = match
  const name = flags.split(/[ ,]/).find((word) => word.startsWith('--')) ?? flags
  const choices = /^Allowed choices are (.*?)\.?$/.exec(advice)
  return `the flag ${name}${variable === undefined ? '' : ` (from ${variable})`} cannot be "${value}". ${choices === null ? advice : `Choose one of ${choices[1] ?? ''}.`}`
}

