import { join } from 'node:path'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import type { ExecutionSpec } from '../../../schemas/generated/events.ts'
import { KymoError } from '../../../schemas/errors.ts'
import type { BlobStore } from '../../blobs/index.ts'
import type { Attempt, EffectHandler } from '../attempt.ts'
import { brokerFor, servedFolder, usedOf } from '../broker/index.ts'
import type { Respond } from '../completion/index.ts'
import { scriptSettings } from '../machine-room.ts'
import type { MachineRoom } from '../machine-room.ts'
import { storeCapture } from '../output-capture.ts'
import { HeldSessions } from './held-sessions.ts'
import type { HeldSession } from './held-sessions.ts'
import type { ReplReason } from './session.ts'

/** Why the next command finds no session, after a command that ended in this way. */
const WHY: Readonly<Partial<Record<ReplReason | 'cancelled', string>>> = {
  timed_out: 'the earlier session was killed at the time limit of a command',
  killed: 'the earlier session was killed',
  protocol_error: 'the earlier session was killed after a command had disturbed its connection',
  output_limit: 'the earlier session was killed for writing too much output',
  out_of_memory: 'the earlier session was killed for using too much memory',
  exited: 'the earlier interpreter had ended itself',
  cancelled: 'the earlier session was ended together with a cancelled command',
}

/**
 * Runs REPL commands. A session belongs to one run, lives in this process and has a directory of its own, which is brought to the command's tree before it,
 * and is scanned while every process of the session is stopped. A session that this process does not hold (any more) is begun anew, and the outcome says so.
 */
export function replHandler(room: MachineRoom, blobs: BlobStore, respond?: (attempt: Attempt) => Respond): { handle: EffectHandler; close: () => Promise<void> } {
  const sessions = new HeldSessions()

  const handle = async (attempt: Attempt, spec: ExecutionSpec): Promise<Awaited<ReturnType<EffectHandler>>> => {
    if (spec.command?.ref === undefined) return { ok: false, error: { source: 'system', code: 'no_spec', message: 'the command says nothing' } }
    const [sandbox, python, code] = await Promise.all([room.sandbox(), room.python(spec.python_key), blobs.get(spec.command.ref)])
    const { limits, variables, network, services } = scriptSettings.parse(JSON.parse(spec.limits))
    const { held, fresh } = await sessions.take(attempt, spec, {
      folder: join(room.folder(), attempt.runId, 'repl'), blobs, open: { sandbox, interpreter: python, limits, env: variables, network },
      services: services === undefined ? undefined : () => brokerFor(services, { sandbox, blobs, folder: servedFolder(spec.layers), respond: respond?.(attempt) }),
    })
    // Each command has a script's budget.
    held.broker?.begin()
    if (attempt.signal.aborted) return { ok: false, error: { source: 'user', code: 'cancelled', message: 'cancelled before it started' } }
    const end = (): void => void held.session.close()
    attempt.signal.addEventListener('abort', end, { once: true })
    try {
      const done = await held.session.run(Buffer.from(code).toString(), { onOutput: attempt.output })
      const cancelled = attempt.signal.aborted
      const { tree, dropped } = cancelled ? await abandon(held, spec.tree) : await settle(held)
      const reason = cancelled ? 'cancelled' : done.reason
      const facts = held.broker?.begin()
      const asked = facts === undefined ? undefined : usedOf(facts)
      held.commands++
      if (held.session.ended) sessions.ended(attempt.runId, WHY[reason] ?? 'the earlier session had ended')
      return {
        ok: true,
        outcome: {
          execution: {
            reason, exit_code: done.exitCode, signal: done.signal, stdout: await storeCapture(done.stdout, attempt.put), stderr: await storeCapture(done.stderr, attempt.put),
            tree, dropped: dropped.map((line) => line.toWellFormed()).slice(0, 200), started: fresh ? held.because : '', session: held.number, fresh, ...(asked === undefined ? {} : { asked }),
          },
          clock: {
            wall_ms: done.wallMs, cpu_ms: done.cpuMs, max_rss_bytes: done.maxRssBytes, sandbox: sandbox.facts(), provider_request: '',
            environment: canonicalJson({ python: python.version, executable: python.source, packages: python.packages }), ...(facts === undefined ? {} : { services: canonicalJson(facts) }),
          },
        },
      }
    } catch (error) {
      await sessions.drop(attempt.runId)
      throw error
    } finally {
      attempt.signal.removeEventListener('abort', end)
    }
  }
  return {
    handle: async (attempt) => {
      const spec = attempt.request.execution
      return spec === undefined ? { ok: false, error: { source: 'system', code: 'no_spec', message: 'the execution says nothing' } } : handle(attempt, spec)
    },
    close: () => sessions.close(),
  }
}

/** What the command left, read while nothing of the session moves: stopped if it goes on, dead if it has ended. */
async function settle(held: HeldSession): Promise<{ tree: string; dropped: string[] }> {
  if (!held.session.ended && !await held.session.pause()) throw new KymoError('KYMO_REPL_RESTLESS', 'A process of the REPL could not be stopped, so its workspace could not be read; the session was ended. Run the command again.')
  if (held.session.ended && !await held.session.close()) throw new KymoError('KYMO_SANDBOX_FAILED', 'Processes of the REPL could not be killed within ten seconds; look for them with ps before you go on.')
  const { tree, dropped } = await held.warm.rescan()
  const changed = await held.workspace.repair()
  held.tree = tree
  return { tree, dropped: [...changed, ...dropped] }
}

async function abandon(held: HeldSession, tree: string): Promise<{ tree: string; dropped: string[] }> {
  await held.session.close()
  await held.warm.discard()
  held.tree = ''
  return { tree, dropped: [] }
}
