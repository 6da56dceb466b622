import { main } from './program.ts'

const code = await main(process.argv.slice(2))
// What was written is out before the process ends; a connection that is still closing must not hold a person's terminal.
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))))
process.exit(code)
