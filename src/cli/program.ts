import { Command, CommanderError } from 'commander'
import { EXIT, EXIT_HELP } from './exit-codes.ts'
import { keepKeys, readDotenv } from './dotenv.ts'
import { addCommands } from './command-list.ts'
import { reportCommandLine, reportError } from './report-error.ts'
import { tolerateClosedPipes } from './output.ts'

const OVERVIEW = `
Begin here:
  kymo doctor                          what this machine has and lacks
  kymo task list                       the problems
  kymo run vectorization --agent scripted --agent-config script=tasks/vectorization/demo.yaml
  kymo list                            the runs; then kymo trace last, kymo verify last

In a fresh clone type deploy/kymo for kymo, or once: npm link

A RUN is an id, the beginning of one, or "last" (or -) for the newest.
Every flag has a variable, --max-steps is KYMO_MAX_STEPS; a .env file in this folder is read.

${EXIT_HELP}`

/** The whole command line. Commands load their code when they are run, so that help is there at once. */
export function createProgram(finish: (code: number) => void): Command {
  const program = new Command('kymo')
  program
    .description('Runs AI research agents on machine-learning tasks, records every event, and can replay, check and compare what happened.')
    .usage('COMMAND [arguments]')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help; "kymo COMMAND --help" has examples')
    .helpCommand('help [command]', 'print help of a command')
    .configureHelp({ sortSubcommands: false, subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map((argument) => (argument.required ? argument.name() : `[${argument.name()}]`))].join(' ') })
    .addHelpText('after', OVERVIEW)
  addCommands(program, finish)
  quiet(program)
  return program
}

/** As in package.json (a test compares): reading a file for `--version` alone would cost every start. */
export const VERSION = '0.1.0'

/** Problems are told by report-error.ts, in one sentence, not by commander. */
function quiet(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => undefined })
  for (const sub of command.commands) quiet(sub)
}

/** Runs a command line and gives its exit code. */
export async function main(argv: string[]): Promise<number> {
  tolerateClosedPipes()
  let code: number = EXIT.ok
  let program: Command | undefined
  try {
    keepKeys()
    await readDotenv()
    program = createProgram((value) => { code = value })
    if (argv.length === 0) {
      process.stdout.write(program.helpInformation())
      process.stdout.write(`${OVERVIEW}\n`)
      return EXIT.usage
    }
    await program.parseAsync(argv, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError && program !== undefined) return reportCommandLine(error, program, argv)
    return reportError(error)
  }
}
