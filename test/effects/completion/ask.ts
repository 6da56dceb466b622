import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import type { EventPayloads } from '../../../schemas/generated/events.ts'
import type { RoleSettings } from '../../../schemas/completion.ts'
import type { RecordedEvent } from '../../../schemas/record.ts'
import { completionHandler } from '../../../src/effects/completion/index.ts'
import { parseProviderLimits } from '../../../src/effects/completion/gate/index.ts'
import type { Settled } from '../../../src/effects/index.ts'
import { LocalStore } from '../../crash/local-store.ts'
import type { LocalClient } from '../../crash/local-client.ts'
import { RUN, stage } from '../../host/stage.ts'
import type { Sent, Stage } from '../../host/stage.ts'

export interface Question {
  settings: Partial<RoleSettings>
  /** segments of the prompt; texts as {text} */
  segments?: unknown[]
  question?: string
  tools?: unknown[]
  keys?: Readonly<Record<string, string>>
  role?: string
  nth?: number
  stop?: string[]
  /** called after each call of the provider: a test may cancel, or stop waiting */
  onTry?: (tries: number, tool: Stage) => Promise<void> | void
  signal?: AbortSignal
}

export interface Asked {
  delivered: EventPayloads['completion.delivered']
  usages: EventPayloads['usage.recorded'][]
  /** what was waited for, in milliseconds of the run's time */
  pauses: number[]
  effects: EventPayloads['effect.requested'][]
  outcomes: Settled[]
  tool: Stage
  /** what was told while it came */
  live: string
}

let room: { folder: string; client: LocalClient } | undefined
afterAll(async () => {
  await room?.client.close()
  if (room !== undefined) rmSync(room.folder, { recursive: true, force: true })
  room = undefined
})
export function client(): LocalClient {
  if (room === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'kymo-completion-'))
    room = { folder, client: new LocalStore(folder).connect() }
  }
  return room.client
}

export const SETTINGS = { temperature: 0.5, max_tokens: 4000, account: 'environment', timeout_ms: 20_000 }

/** One completion through the machine and the handler, as in a run; pauses pass at once, and are told. */
export async function ask({ settings, segments = [], question = 'What is next?', tools, keys = {}, role = 'model', nth, stop, onTry, signal = new AbortController().signal }: Question): Promise<Asked> {
  const tool = stage('llm-tool/9')
  const { blobs } = tool
  const stored = async (value: unknown): Promise<{ ref: string; bytes: number }> => {
    const bytes = Buffer.from(canonicalJson(value))
    return { ref: await blobs.put(bytes), bytes: bytes.length }
  }
  const asked: Asked = { delivered: { call: 0, ok: false, stop_reason: '' }, usages: [], pauses: [], effects: [], outcomes: [], tool, live: '' }
  const handle = completionHandler({ blobs, keys: (name) => keys[name], limits: parseProviderLimits('') })
  let at = 1000
  const queue: Sent[] = await tool.receive('completion.requested', {
    call: 4, role, params: canonicalJson({ ...SETTINGS, ...settings, ...(stop === undefined ? {} : { stop }) }), ...(question === '' ? {} : { appended: { text: question } }),
    ...(segments.length === 0 ? {} : { base: await stored({ prev: null, items: segments }) }), ...(tools === undefined ? {} : { tools: await stored(tools) }), ...(nth === undefined ? {} : { nth }),
  }, { from: 'agent', at })
  for (let message = queue.shift(); message !== undefined; message = queue.shift()) {
    if (message.type === 'effect.requested') {
      const { data } = message
      asked.effects.push(data)
      const settled = await handle({
        client: client(), runId: RUN, effectId: 'e'.repeat(64), request: data, event: { payload: data } as RecordedEvent<'effect.requested'>, attempt: 1, signal, put: (bytes) => blobs.put(bytes),
        output: (_stream, chunk) => { asked.live += Buffer.from(chunk).toString() },
      })
      asked.outcomes.push(settled)
      await onTry?.(data.call, tool)
      const about = { effect: '', kind: 'completion', call: data.call }
      if (settled.ok) queue.push(...await tool.receive('effect.succeeded', { ...about, ...settled.outcome }, { from: 'runner', at }))
      else {
        const { ok: _ok, retryable = false, ...failure } = settled
        queue.push(...await tool.receive('effect.failed', { ...about, ...failure, retryable }, { from: 'runner', at }))
      }
    } else if (message.type === 'timer.armed') {
      asked.pauses.push(message.data.delay_ms)
      at += message.data.delay_ms
      queue.push(...await tool.receive('timer.fired', { name: message.data.name, armed_id: tool.state.timers[message.data.name] ?? '' }, { from: 'journal', at }))
    } else if (message.type === 'usage.recorded') asked.usages.push(message.data)
    else if (message.type === 'completion.delivered') asked.delivered = message.data
  }
  return asked
}
