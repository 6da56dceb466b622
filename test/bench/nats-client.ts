// One client process: `streams` runs, each appending as fast as it is answered, for `seconds`. Prints how many were answered.
import { randomBytes } from 'node:crypto'
import { StoreClient } from '../../src/bus/index.ts'
import { Decision } from '../../src/journal/index.ts'
import { creation, oneKiB } from './journal.ts'

const [directory = '', streams = '1', seconds = '1'] = process.argv.slice(2)
const client = await StoreClient.connect({ directory, what: 'bench', autostart: false })
const runs = Array.from({ length: Number(streams) }, () => randomBytes(16))
await Promise.all(runs.map((run) => client.append(creation(run))))
process.stdout.write('ready\n')
await new Promise((resolve) => process.stdin.once('data', resolve))
let count = 0
const begun = performance.now()
await Promise.all(runs.map(async (run) => {
  while (performance.now() - begun < Number(seconds) * 1000) {
    const reply = await client.append(oneKiB(run))
    if (reply.decision !== Decision.OK) throw new Error(reply.reason)
    count++
  }
}))
process.stdout.write(`${count / ((performance.now() - begun) / 1000)}\n`)
await client.close()
process.exit(0)
