// A model server as a process of its own: node dist/test/model-server/main.js PLAN [--port N] [--key KEY] [--log FILE] [--until-stdin-ends]
// Says where it is in one line of JSON, then one line per request on stderr. SIGTERM and SIGINT end it.
import { appendFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { messageOf } from '../../schemas/errors.ts'
import { startModelServer } from './index.ts'
import type { RecordedRequest } from './index.ts'
import { readPlan } from './plan-file.ts'

const USAGE = 'Type: node dist/test/model-server/main.js PLAN [--port N] [--key KEY] [--log FILE] [--until-stdin-ends]'

/** A record for a file: keys stay out of it. */
function line({ at, path, requestId, request, outcome, abandoned, body }: RecordedRequest): string {
  return `${JSON.stringify({ at, path, request_id: requestId, nth: request?.nth ?? null, attempt: request?.attempt ?? null, model: request?.model ?? null, stream: request?.stream ?? null, outcome, abandoned, body })}\n`
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { port: { type: 'string' }, key: { type: 'string' }, log: { type: 'string' }, 'until-stdin-ends': { type: 'boolean' } },
  })
  const [plan, ...more] = positionals
  if (plan === undefined || more.length > 0) throw new Error(`Name one plan. ${USAGE}`)
  const port = Number(values.port ?? 0)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port takes a number up to 65535, not ${values.port}. ${USAGE}`)
  const server = await startModelServer({
    ...await readPlan(plan),
    port,
    ...(values.key === undefined ? {} : { key: values.key }),
    heard: (record) => {
      if (values.log !== undefined) appendFileSync(values.log, line(record))
      console.error(`${record.request?.nth ?? '-'} ${record.path} ${record.request?.model ?? ''} ${record.outcome}`)
    },
  })
  console.log(JSON.stringify({ url: server.url, openai_url: server.openaiUrl, key: server.key, pid: process.pid }))
  const end = (): void => { void server.close() }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
  if (values['until-stdin-ends']) process.stdin.once('end', end).resume()
}

await main().catch((error: unknown) => {
  console.error(messageOf(error))
  process.exitCode = 1
})
