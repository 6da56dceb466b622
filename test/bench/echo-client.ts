// One client of the NATS floor: as many requests in flight as asked, each answered with a reply of the journal's size.
import { Bus } from '../../src/bus/index.ts'

const [url = '', token = '', inFlight = '1', seconds = '1'] = process.argv.slice(2)
const bus = await Bus.connect({ url, token }, 'bench', 5000)
const payload = new Uint8Array(1200)
process.stdout.write('ready\n')
await new Promise((resolve) => process.stdin.once('data', resolve))
let count = 0
const begun = performance.now()
await Promise.all(Array.from({ length: Number(inFlight) }, async () => {
  while (performance.now() - begun < Number(seconds) * 1000) {
    await bus.request('bench.echo', payload, 5000)
    count++
  }
}))
process.stdout.write(`${count / ((performance.now() - begun) / 1000)}\n`)
process.exit(0)
