// The other end of the NATS floor.
import { Bus } from '../../src/bus/index.ts'

const [url = '', token = ''] = process.argv.slice(2)
const bus = await Bus.connect({ url, token }, 'bench', 5000)
const reply = new Uint8Array(120)
bus.subscribe('bench.echo', (message) => { message.reply(reply) })
process.stdout.write('ready\n')
