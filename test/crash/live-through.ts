import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatRunId } from '../../schemas/record.ts'
import type { AnyEvent } from '../../schemas/record.ts'
import { createRun, serveRun } from '../../src/effects/index.ts'
import { eventsOfRun, judge } from '../faults/recorded.ts'
import type { Attempts } from '../semantic-log.ts'
import type { LocalClient } from './local-client.ts'
import { LocalStore } from './local-store.ts'
import { Died } from './scalpel.ts'

export const ARITHMETIC = fileURLToPath(new URL('../fixtures/tasks', import.meta.url))
export const script = (name: string): string => fileURLToPath(new URL(`../fixtures/scripts/${name}.yaml`, import.meta.url))
/** A run that takes longer is stuck. */
const PATIENCE_MS = 60_000
const MACHINE = { sandbox: 'none', python: '/usr/bin/python3' } as const

export interface Life { events: AnyEvent[]; attempts: Attempts; points: string[]; struck: boolean; lives: number; services: number; notices: string[]; problems: string[] }

/** One run from creation to its end, however often the process that serves it has to begin again. */
export async function liveThrough({ target, undisturbed, scriptName = 'short', drop, clock }: { target?: string; undisturbed?: readonly AnyEvent[]; scriptName?: string; drop?: (published: number) => boolean; clock?: (now: number) => number }): Promise<Life> {
  const folder = mkdtempSync(join(tmpdir(), 'kymo-sweep-'))
  const world = new LocalStore(folder, target)
  if (drop !== undefined) world.drop = drop
  if (clock !== undefined) world.clientClock = clock
  let lives = 0
  const patience = setTimeout(() => world.giveUp(), PATIENCE_MS)
  try {
    for (;;) {
      lives++
      const client = world.connect()
      // Each life is a process of its own, with a work folder of its own.
      const ended = await Promise.race([live(world, client, scriptName, join(folder, `life-${lives}`)), client.ended, world.givenUp])
      if (ended === 'stuck') throw new Error(await stuck(world, lives))
      if (ended !== 'dead') {
        const { problems, attempts, events } = await judge(client, ended, undisturbed)
        for (const [seq, hash] of world.acknowledged) if (events[seq]?.hash !== hash) problems.push(`seq ${seq} was acknowledged, and is another or none now`)
        return { events, attempts, points: world.scalpel.passed, struck: world.scalpel.struck, lives, services: world.services, notices: world.problems, problems }
      }
      // Starting a process takes longer than this; the journal looks ten times a second whether one is gone.
      await new Promise((resolve) => setTimeout(resolve, 120))
      if (lives > 5) throw new Error(`the run did not end in ${lives} lives (${target ?? ''})`)
    }
  } finally {
    clearTimeout(patience)
    world.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function live(world: LocalStore, client: LocalClient, scriptName: string, work: string): Promise<string> {
  const { runs } = await client.list({})
  const row = runs[0]
  const runId = row === undefined ? (await createRun(client, { task: 'arithmetic', profile: 'small', agent: 'scripted', agentConfig: { script: script(scriptName) }, checkMachine: false })).runId : formatRunId(Uint8Array.from(row.run_id))
  if (row?.sealed === true) return runId
  const session = await serveRun({
    client, runId, ...MACHINE, work,
    atPoint: (point) => { if (client.dead || world.cuts('client', point)) throw new Died() },
  })
  void client.ended.then(() => session.interrupt())
  const ending = await session.finished
  if (ending.how !== 'sealed') throw ending.error instanceof Error ? ending.error : new Error(`the run was interrupted: ${String(ending.error)}`)
  return runId
}

/** How far a run came that does not go on. */
async function stuck(world: LocalStore, lives: number): Promise<string> {
  const client = world.connect()
  const { runs } = await client.list({})
  const events = runs[0] === undefined ? [] : await eventsOfRun(client, formatRunId(Uint8Array.from(runs[0].run_id)))
  return [`stuck in life ${lives} after ${events.length} events: ${world.problems.join('; ')}`, ...events.slice(-8).map(({ seq, type, from, to, attempt }) => `${seq} ${type} ${from} -> ${to} ${attempt}`)].join('\n  ')
}
