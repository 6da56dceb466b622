import { main } from './program.ts'

process.exitCode = await main(process.argv.slice(2))

// Whatever was forgotten to be closed must not hold a person's terminal.
setTimeout(() => process.exit(), 2000).unref()
