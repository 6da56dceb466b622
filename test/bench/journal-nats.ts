import { StoreClient } from '../../src/bus/index.ts'
import { start } from './child.ts'
import type { Child } from './child.ts'
import { median, row } from './row.ts'
import type { Bench } from './row.ts'

/** Starts them together and adds up what they report. */
async function together(children: readonly Child[]): Promise<number> {
  await Promise.all(children.map((child) => child.says('ready')))
  for (const child of children) child.go()
  await Promise.all(children.map((child) => child.ended))
  return children.reduce((sum, child) => sum + Number(child.lines().at(-1)), 0)
}

/** Service, nats-server and two client processes share this machine's cores, as they do when several runs share a store. */
export const journalOverNats: Bench = async ({ quick, directory, say }) => {
  const client = await StoreClient.connect({ directory, what: 'bench', onNotice: say })
  const { url, token } = client.endpoint
  const server = start('echo-server.js', [url, token])
  await server.says('ready')
  const seconds = quick ? '0.7' : '2'
  const appends: number[] = []
  const echoes: number[] = []
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    appends.push(await together([1, 2].map(() => start('nats-client.js', [directory, '128', seconds]))))
    echoes.push(await together([1, 2].map(() => start('echo-client.js', [url, token, '128', seconds]))))
  }
  server.stop()
  await client.down({ reason: 'bench' })
  await client.close()
  const rate = median(appends)
  return [row('journal, 256 streams, through NATS', 'appends/s', rate, { name: 'bare NATS requests, 1.2 kB, 256 in flight', value: median(echoes) }, { text: '>= 12,000', met: rate >= 12_000 }, { rounds: appends })]
}
