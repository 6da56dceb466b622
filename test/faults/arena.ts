import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ACTORS } from '../../schemas/actor-names.ts'
import { hex } from '../../schemas/hash.ts'
import { decodeRecord, formatRunId } from '../../schemas/record.ts'
import type { AnyEvent } from '../../schemas/record.ts'
import { StoreClient, readEndpoint } from '../../src/bus/index.ts'
import { KymoProcess, MACHINE, isRunning, killProcess, pause, script } from './kymo-process.ts'
import { judge } from './recorded.ts'

export type VictimKind = 'kymo run' | 'kymo actor' | 'service' | 'nats-server'

export interface Played { runs: number; kills: Record<VictimKind, number>; repeated: number; acknowledged: number; problems: string[]; slowestMs: number }

export interface ArenaOptions { folder: string; random: () => number; undisturbed: readonly AnyEvent[]; scriptName: string }

/** A store whose every process is killed at random moments and started again by whoever needs it, until its runs are finished. */
export class Arena {
  readonly store: string
  readonly #options: ArenaOptions
  readonly #actors = new Map<string, KymoProcess>()
  readonly #past: KymoProcess[] = []
  #run: KymoProcess | undefined
  #runId: string | undefined
  readonly #done = new Set<string>()
  /** records that somebody was told of, by run and seq */
  readonly #told = new Map<string, Map<number, string>>()
  #client: StoreClient | undefined
  #scriptRuns = false

  constructor(options: ArenaOptions) {
    this.#options = options
    this.store = join(options.folder, 'store')
  }

  /** Plays runs until `kills` processes were killed, and the last run to its end. */
  async play(kills: number): Promise<Played> {
    const played: Played = { runs: 0, kills: { 'kymo run': 0, 'kymo actor': 0, service: 0, 'nats-server': 0 }, repeated: 0, acknowledged: 0, problems: [], slowestMs: 0 }
    const client = await StoreClient.connect({ directory: this.store, what: 'test' })
    this.#client = client
    const off = client.onEvents('*', (record) => this.#note(record))
    const { random } = this.#options
    let left = kills
    let nextKill = performance.now() + 500
    let began = performance.now()
    while (left > 0 || this.#runId !== undefined || this.#run !== undefined) {
      this.#keepUp(left > 0)
      if (left > 0 && performance.now() > nextKill) {
        const kind = await this.#killOne()
        if (kind !== undefined) {
          played.kills[kind]++
          left--
          nextKill = performance.now() + 200 + random() * 1600
        }
      }
      const { runs } = await client.list({})
      for (const row of runs) {
        const id = formatRunId(Uint8Array.from(row.run_id))
        if (row.head_seq > 0) this.#tell(id, row.head_seq, hex(row.head_hash))
        if (!this.#done.has(id) && !row.sealed) this.#runId = id
        if (!row.sealed || this.#done.has(id)) continue
        this.#done.add(id)
        this.#runId = undefined
        await this.#run?.exited
        this.#run = undefined
        played.runs++
        played.slowestMs = Math.max(played.slowestMs, performance.now() - began)
        began = performance.now()
        await this.#judge(id, played)
      }
      if (performance.now() - began > 90_000) {
        played.problems.push(`run ${this.#runId ?? '(none)'} is stuck: ${[this.#run, ...this.#past, ...this.#actors.values()].map((one) => `\n--- ${one?.what ?? ''}: ${one?.text.slice(-600) ?? ''}`).join('')}`)
        break
      }
      await pause(20)
    }
    off()
    return played
  }

  #note(data: Uint8Array): void {
    const event = decodeRecord(Uint8Array.from(data))
    this.#tell(event.runId, event.seq, event.hash)
    if (event.type === 'effect.started' && event.payload.kind === 'execution') this.#scriptRuns = true
    else if (event.type === 'effect.succeeded' || event.type === 'effect.lost') this.#scriptRuns = false
  }

  #tell(run: string, seq: number, hash: string): void {
    const known = this.#told.get(run)
    if (known === undefined) this.#told.set(run, new Map([[seq, hash]]))
    else known.set(seq, hash)
  }

  async #judge(id: string, played: Played): Promise<void> {
    const { client } = this
    const { problems, attempts, events } = await judge(client, id, this.#options.undisturbed)
    const told = this.#told.get(id) ?? new Map<number, string>()
    for (const [seq, hash] of told) if (events[seq]?.hash !== hash) problems.push(`seq ${seq} was acknowledged, and is another or none now`)
    played.acknowledged += told.size
    played.repeated += attempts.started - attempts.effects
    played.problems.push(...problems.map((problem) => `run ${id}: ${problem}`))
  }

  get client(): StoreClient {
    if (this.#client === undefined) throw new Error('not playing')
    return this.#client
  }

  /** Starts what is not there: actors that died, and the process that serves the run. */
  #keepUp(more: boolean): void {
    const env = { KYMO_WORK: join(this.#options.folder, 'work') }
    for (const actor of ACTORS) if (this.#actors.get(actor)?.running !== true) this.#actors.set(actor, new KymoProcess(['actor', actor, '--store', this.store, ...MACHINE], env))
    if (this.#run?.running === true) return
    if (this.#run !== undefined) this.#past.push(this.#run)
    this.#run = undefined
    if (this.#runId !== undefined) this.#run = new KymoProcess(['resume', this.#runId, '--store', this.store, ...MACHINE, '--json', '--quiet'], env)
    else if (more) this.#run = new KymoProcess(['run', 'arithmetic', '--agent', 'scripted', '--agent-config', `script=${script(this.#options.scriptName)}`, '--apart', ACTORS.join(','), '--store', this.store, ...MACHINE, '--json', '--quiet'], env)
  }

  async #killOne(): Promise<VictimKind | undefined> {
    const { random } = this.#options
    const dice = random()
    if (dice < 0.2) {
      if (!isUp(this.#run)) return undefined
      await this.#run?.kill()
      return 'kymo run'
    }
    if (dice < 0.6) {
      const any = ACTORS[Math.floor(random() * ACTORS.length)] ?? 'agent'
      const victim = this.#actors.get(this.#scriptRuns ? 'executor' : any)
      if (!isUp(victim)) return undefined
      await victim?.kill()
      return 'kymo actor'
    }
    const pid = dice < 0.8 ? readEndpoint(this.store)?.pid : pidIn(join(this.store, 'nats.pid'))
    if (pid === undefined || pid <= 1 || !isRunning(pid)) return undefined
    await killProcess(pid)
    return dice < 0.8 ? 'service' : 'nats-server'
  }

  async close(): Promise<void> {
    await Promise.all([this.#run, ...this.#actors.values()].map((one) => one?.stop()))
    await this.#client?.down({}).catch(() => undefined)
    await this.#client?.close()
  }
}

/** One that is only starting has nothing to lose. */
const isUp = (one: KymoProcess | undefined): boolean => one?.running === true && performance.now() - one.startedAt > 600

const pidIn = (path: string): number => {
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch {
    return 0
  }
}
