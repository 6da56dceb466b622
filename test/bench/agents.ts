import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mkdirSync } from 'node:fs'
import { StoreClient } from '../../src/bus/index.ts'
import { createRun, serveRun } from '../../src/effects/index.ts'
import { blobsNamed } from '../../schemas/named-blobs.ts'
import { hex } from '../../schemas/hash.ts'
import type { AnyEvent } from '../../schemas/record.ts'
import { parseTree } from '../../schemas/tree.ts'
import { TASKS } from './child.ts'
import { inPairs, median, row } from './row.ts'
import type { Bench, Row } from './row.ts'

const AGENTS = ['research', 'react', 'action-only', 'tool-calling', 'langchain-react', 'autogpt', 'tree-search'] as const
const MODEL = fileURLToPath(new URL('./endless-model.js', import.meta.url))

/** Milliseconds and bytes. `scripts`: from a script's start to its end; `setups`: what comes with it, checking its tree out and scanning what it left. */
interface Played { times: number[]; setups: number[]; scripts: number[]; logical: number; news: number }

/** What is noted while the clock runs; it is looked through when it has stopped. */
interface Notes { heard: Array<{ at: number; event: AnyEvent }>; begun: number[]; outcomes: Array<{ at: number; effect: Uint8Array }> }

/** A run of so many steps with a model that answers at once: what is left of a step's time and bytes is Kymo's. */
async function play(client: StoreClient, agent: string, steps: number): Promise<Played> {
  process.env['KYMO_BENCH_AGENT'] = agent
  const model = `scripted/${MODEL}`
  const { runId } = await createRun(client, {
    task: 'arithmetic', profile: 'small', agent, models: { model }, maxSteps: steps + 50, sandbox: 'none', python: 'python3',
    ...(agent === 'tree-search' ? { agentConfig: { max_nodes: '1000' } } : {}),
  })
  const notes: Notes = { heard: [], begun: [], outcomes: [] }
  const { append } = client
  client.append = (request) => {
    if (request.outcome) notes.outcomes.push({ at: performance.now(), effect: request.outcome.effect_id })
    return append(request)
  }
  let taken = 0
  let reached: () => void = () => undefined
  const enough = new Promise<void>((resolve) => { reached = resolve })
  const session = await serveRun({
    client, runId, sandbox: 'none', python: 'python3',
    atPoint: (point) => { if (point === 'effect-start execution') notes.begun.push(performance.now()) },
    onEvent: (event) => {
      if (taken <= steps) notes.heard.push({ at: performance.now(), event })
      if (event.type === 'step.begun' && ++taken > steps) reached()
    },
  })
  await Promise.race([enough, session.finished.then((ending) => { if (taken <= steps) throw new Error(`the run of ${agent} ended after ${taken} steps: ${JSON.stringify(ending)}`) })])
  await session.interrupt()
  client.append = append
  return { ...timesOf(notes), ...(await bytesOf(client, notes)) }
}

/** From one step.begun to the next, without what models took, and scripts from their beginning to when their outcomes were about to be recorded. */
function timesOf({ heard, begun, outcomes }: Notes): Pick<Played, 'times' | 'setups' | 'scripts'> {
  const recorded = new Map(outcomes.map(({ at, effect }) => [hex(effect), at]))
  const times: number[] = []
  const setups: number[] = []
  const scripts: number[] = []
  let last: number | undefined
  let others = 0
  for (const { at, event } of heard) {
    if (event.type === 'effect.succeeded') {
      const { kind, clock, effect } = event.payload
      const took = kind === 'execution' ? (recorded.get(effect) ?? at) - (begun[scripts.length] ?? at) : kind === 'completion' ? (clock?.wall_ms ?? 0) : 0
      others += took
      if (kind === 'execution') {
        scripts.push(clock?.wall_ms ?? 0)
        setups.push(took - (clock?.wall_ms ?? 0))
      }
    }
    if (event.type !== 'step.begun') continue
    if (last !== undefined) times.push(at - last - others)
    others = 0
    last = at
  }
  return { times, setups, scripts }
}

async function bytesOf(client: StoreClient, { heard }: Notes): Promise<Pick<Played, 'logical' | 'news'>> {
  const seen = new Set<string>()
  const trees: string[] = []
  let logical = 0
  let news = 0
  let steps = 0
  for (const { event } of heard) {
    logical += event.size
    if (event.type === 'step.begun') steps++
    for (const { hash, kind } of [...event.blobs, ...blobsNamed(event.type, event.payload)]) {
      if (kind === 'tree' && !seen.has(hash)) trees.push(hash)
      seen.add(hash)
    }
    if (event.type === 'effect.succeeded') {
      const { completion } = event.payload
      news += completion?.reply?.bytes ?? 0
      if (completion?.tool_calls !== undefined) news += completion.tool_calls.bytes ?? 0
    }
    if (event.type === 'observation.delivered') news += event.payload.observation?.bytes ?? 0
  }
  for (const hash of seen) logical += (await client.blobs.get(hash)).length
  // The files of the workspace at the start are not new.
  const files = new Set<string>()
  for (const [index, hash] of trees.entries()) {
    for (const { sha256, size } of parseTree(Buffer.from(await client.blobs.get(hash)).toString()).values()) {
      if (sha256 === '' || files.has(sha256)) continue
      files.add(sha256)
      if (index === 0) continue
      news += size
      if (!seen.has(sha256)) logical += size
    }
  }
  return { logical: logical / steps, news: news / steps }
}

export const agentSteps: Bench = async ({ quick, directory, say }) => {
  process.env['KYMO_TASKS'] = TASKS
  mkdirSync(directory, { recursive: true })
  const steps = quick ? 60 : 300
  const client = await StoreClient.connect({ directory: join(directory, 'store'), what: 'bench', onNotice: say })
  const rows: Row[] = []
  try {
    for (const agent of AGENTS) {
      const { times, setups, scripts, logical, news } = await play(client, agent, steps)
      const costs = inPairs(times)
      const p50 = median(costs)
      const allowed = 1.5 * news + 8192
      say(`${agent}: p50 ${p50.toFixed(2)} ms, ${logical.toFixed(0)} bytes a step, of them new ${news.toFixed(0)}, allowed ${allowed.toFixed(0)}`)
      rows.push(
        row(`${agent}: framework cost of a step with its model calls, p50 of ${steps}`, 'ms', p50, { name: 'first tenth', value: median(costs.slice(0, Math.ceil(steps / 10))) }, { text: '<= 6 ms', met: p50 <= 6 }),
        row(`${agent}: logical bytes of a step`, 'bytes', logical, { name: 'new bytes: replies, observations, changed files', value: news }, { text: '<= 1.5x + 8 KiB', met: logical <= allowed }, { allowed }),
      )
      if (setups.length > 0) rows.push(row(`${agent}: a script's set-up, scan and end, without the script, p50`, 'ms', median(setups), { name: 'the script itself, from its start to its end', value: median(scripts) }, { text: '', met: true }))
    }
  } finally {
    await client.down({ reason: 'bench' })
    await client.close()
  }
  return rows
}
