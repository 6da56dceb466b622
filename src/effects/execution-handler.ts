import { join } from 'node:path'
import { canonicalJson } from '../../schemas/canonical-json.ts'
import type { ExecutionSpec } from '../../schemas/generated/events.ts'
import type { BlobStore } from '../blobs/index.ts'
import { loadTree } from '../workspace/index.ts'
import type { Attempt, EffectHandler, Settled } from './attempt.ts'
import { brokerFor, servedFolder, usedOf } from './broker/index.ts'
import type { Respond } from './completion/index.ts'
import { scriptSettings } from './machine-room.ts'
import type { MachineRoom } from './machine-room.ts'
import { storeCapture } from './output-capture.ts'
import { replHandler } from './repl/index.ts'
import { runScript } from './sandbox/index.ts'
import type { Sandbox } from './sandbox/index.ts'
import { openWorkspace } from './workspace-layers.ts'
import type { LayeredWorkspace } from './workspace-layers.ts'

/**
 * Runs scripts, one at a time, in a directory that is kept warm between them. A run of a script is a transaction: it begins on exactly
 * its input tree, and what it left counts only through the recorded outcome. Commands of a REPL go to its sessions.
 */
export function executionHandler(room: MachineRoom, blobs: BlobStore, respond: (attempt: Attempt) => Respond): { handle: EffectHandler; close: () => Promise<void> } {
  const directories = new Map<string, LayeredWorkspace>()
  const repl = replHandler(room, blobs, respond)

  const open = async (runId: string, { layers }: ExecutionSpec, sandbox: Sandbox): Promise<LayeredWorkspace> => {
    const known = directories.get(runId)
    if (known !== undefined) return known
    const workspace = await openWorkspace(join(room.folder(), runId, 'workspace'), blobs, layers, sandbox)
    directories.set(runId, workspace)
    return workspace
  }

  const handle: EffectHandler = async (attempt) => {
    const spec = attempt.request.execution
    if (spec === undefined) return failed('system', 'no_spec', 'the execution says nothing')
    if (spec.mode === 'repl') return repl.handle(attempt)
    const missing = await scriptMissing(spec, blobs)
    if (missing !== undefined) return failed('agent', 'script_missing', missing)
    const [sandbox, python] = await Promise.all([room.sandbox(), room.python(spec.python_key)])
    const { limits, variables, network, services } = scriptSettings.parse(JSON.parse(spec.limits))
    const { warm, layers, repair } = await open(attempt.runId, spec, sandbox)
    await warm.checkout(spec.tree)
    const broker = services === undefined ? undefined : await brokerFor(services, { sandbox, blobs, folder: servedFolder(spec.layers), respond: respond(attempt) })
    const done = await runScript({
      sandbox, interpreter: python, script: spec.script, args: spec.arguments, directory: warm.root, layers, mounts: broker?.mounts ?? [], limits, env: { ...variables, ...broker?.variables }, network,
      signal: attempt.signal, onOutput: attempt.output, spool: join(room.folder(), attempt.runId, 'spool'),
    }).finally(() => broker?.close())
    const facts = broker?.facts()
    const asked = facts === undefined ? undefined : usedOf(facts)
    const cancelled = done.reason === 'cancelled' || done.reason === 'lost'
    if (cancelled) await warm.discard()
    const scan = cancelled ? { tree: spec.tree, dropped: [] } : await warm.rescan()
    const dropped = cancelled ? [] : [...(await repair()), ...scan.dropped]
    return {
      ok: true,
      outcome: {
        execution: {
          reason: done.reason, exit_code: done.exitCode, signal: done.signal, stdout: await storeCapture(done.stdout, attempt.put), stderr: await storeCapture(done.stderr, attempt.put),
          tree: scan.tree, dropped: dropped.map((line) => line.toWellFormed()).slice(0, 200), started: done.started, ...(asked === undefined ? {} : { asked }),
        },
        clock: {
          wall_ms: done.wallMs, cpu_ms: done.cpuMs, max_rss_bytes: done.maxRssBytes, sandbox: sandbox.facts(), provider_request: '',
          environment: canonicalJson({ python: python.version, executable: python.source, packages: python.packages }), ...(facts === undefined ? {} : { services: canonicalJson(facts) }),
        },
      },
    }
  }

  const close = async (): Promise<void> => {
    await repl.close()
    for (const { warm } of directories.values()) await warm[Symbol.asyncDispose]()
    directories.clear()
  }
  return { handle, close }
}

const failed = (source: string, code: string, message: string): Settled => ({ ok: false, error: { source, code, message } })

async function scriptMissing({ script, tree, layers }: ExecutionSpec, blobs: BlobStore): Promise<string | undefined> {
  const own = await loadTree(tree, blobs)
  if (own.get(script)?.kind === 'file') return undefined
  for (const layer of layers) {
    const path = layer.mount === '' ? script : script.startsWith(`${layer.mount}/`) ? script.slice(layer.mount.length + 1) : undefined
    if (path !== undefined && (await loadTree(layer.tree, blobs)).get(path)?.kind === 'file') return undefined
  }
  return `there is no file "${script.slice(0, 200)}" in the workspace`
}
