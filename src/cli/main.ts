import { main } from './program.ts'

/** What was written is out before the process ends; a connection that is still closing must not hold a person's terminal. */
async function end(code: number): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))))
  process.exit(code)
}

void main(process.argv.slice(2)).then(end)
