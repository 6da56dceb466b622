import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { encodeEvent } from '../../../schemas/codec.ts'
import type { CompletionOutcome, CompletionSpec, EventPayloads, EventType } from '../../../schemas/generated/events.ts'
import { hex, unhex } from '../../../schemas/hash.ts'
import { blobsNamed } from '../../../schemas/named-blobs.ts'
import { BLOB_KIND, decodeRecord, formatRunId } from '../../../schemas/record.ts'
import { MemoryBlobs } from '../../../src/blobs/index.ts'
import { rebuildRequest } from '../../../src/effects/completion/request/index.ts'
import type { ProviderContext, ProviderRequest } from '../../../src/effects/completion/provider.ts'
import { Journal, MemoryStore } from '../../../src/journal/index.ts'
import { createRequest, here, newRun, outcomeRequest, reactionRequest, session, started, step } from '../../conformance/world.ts'

/** A store in this process, whose runs hold nothing but questions to models and their answers. */
export class Log {
  readonly blobs = new MemoryBlobs()
  readonly rows = new MemoryStore()
  journal!: Journal

  async open(): Promise<this> {
    this.journal = await new Journal({ store: this.rows, hasFile: (hash) => this.blobs.contents.has(hash) }).open()
    return this
  }

  /** As much of a connection as reading needs. */
  get client(): ProviderContext['client'] {
    const { journal, blobs } = this
    return { read: journal.read, list: journal.list, blobs } as unknown as ProviderContext['client']
  }

  async text(text: string): Promise<{ ref: string; bytes: number }> {
    const bytes = Buffer.from(text)
    return { ref: await this.blobs.put(bytes), bytes: bytes.length }
  }

  async run(llm = '{}', instances = 20): Promise<Run> {
    const id = newRun()
    const request = createRequest(id, 'environment')
    const [event] = request.events ?? []
    if (event === undefined) throw new Error('no event')
    event.payload = encodeEvent('run.started', { ...started, llm })
    await this.journal.append(request)
    await step(this.journal, id, 'environment', Array.from({ length: instances }, (_, index) => ({ type: 'completion.requested' as const, to: `llm-tool/${index + 1}`, payload: { call: 1, role: 'model', params: '{}' } })))
    return new Run(this, id)
  }
}

export interface Words { role?: string; system?: string; user: string; params?: Record<string, unknown>; omit?: string[]; shorten?: number }
type Answer = { text: string; stop_reason?: string } | { code: string; source?: string; retryable?: boolean; parameter?: string }
interface Asked { effect: string; call: number; from: string; spec: CompletionSpec; request: ProviderRequest }

const namesOf = (type: EventType, payload: object) => blobsNamed(type, payload).map(({ hash, kind, bytes }) => ({ hash: unhex(hash), kind: BLOB_KIND[kind], bytes }))

const SETTINGS = { provider: 'openai', model: 'm', max_tokens: 100, temperature: 0.5 }

export class Run {
  readonly log: Log
  readonly id: Uint8Array
  #session = session()
  #calls = 0

  constructor(log: Log, id: Uint8Array) {
    this.log = log
    this.id = id
  }

  get name(): string { return formatRunId(this.id) }

  /** One more call of an instance: each goes on a message of its own. */
  async ask(instance: number, { role = 'model', system = 'Be brief.', user, params = {}, omit = [], shorten }: Words): Promise<Asked> {
    const { log } = this
    const items = [{ role: 'system', text: await log.text(system), keep: true }, { role: 'user', text: await log.text(user) }]
    const all = { ...SETTINGS, ...params }
    const spec: CompletionSpec = { provider: all.provider, model: all.model, params: canonicalJson(all), role, omit, base: await log.text(canonicalJson({ prev: null, items })), ...(shorten === undefined ? {} : { shorten }) }
    const call = ++this.#calls
    const from = `llm-tool/${instance}`
    const [cause] = (await log.journal.inbox({ run_id: this.id, actor_prefix: from })).records
    if (cause === undefined) throw new Error(`${from} has nothing to step`)
    const payload = { kind: 'completion', call, max_attempts: 5, retry_of: '', completion: spec }
    const reply = await log.journal.append(reactionRequest(this.id, decodeRecord(Uint8Array.from(cause)), from, [{ type: 'effect.requested', to: 'runner', payload }], ([, event]) => {
      if (event !== undefined) event.blobs = namesOf('effect.requested', payload)
    }))
    if (reply.reason !== '') throw new Error(reply.reason)
    const records = await log.journal.read({ run_id: this.id, from_seq: reply.first_seq + 1 })
    const event = decodeRecord(Uint8Array.from(records.records[0] ?? []))
    return { effect: event.id, call, from, spec, request: await rebuildRequest(spec, async (hash) => Buffer.from(await log.blobs.get(hash)).toString()) }
  }

  /** Records what came of a call. It wakes its instance, which may then ask again. */
  async answer(asked: Asked, answer: Answer): Promise<void> {
    const { log } = this
    const { grants } = await log.journal.claim({ session: this.#session, holder: here(), kinds: ['completion'], run_id: this.id, slots: 1, wait_ms: 2000 })
    const [grant] = grants
    if (grant === undefined || hex(grant.effect_id) !== asked.effect) throw new Error('another effect was granted')
    const about = { effect: asked.effect, kind: 'completion', call: asked.call }
    const type = 'text' in answer ? 'effect.succeeded' : 'effect.failed'
    const payload: EventPayloads['effect.succeeded'] | EventPayloads['effect.failed'] = 'text' in answer
      ? { ...about, completion: await this.#outcome(asked, answer) }
      : { ...about, retryable: answer.retryable ?? false, request: asked.request.key, error: { source: answer.source ?? 'provider', code: answer.code, message: `it is ${answer.code}` }, ...(answer.parameter === undefined ? {} : { parameter: answer.parameter }) }
    const reply = await log.journal.append(outcomeRequest(this.id, { ...grant, effect_id: Uint8Array.from(grant.effect_id) }, { call: asked.call, requester: asked.from, kind: 'completion' }, (events) => {
      const [event] = events
      if (event === undefined) return
      event.type = type
      event.payload = encodeEvent(type as never, payload as never)
      event.blobs = namesOf(type, payload)
    }))
    if (reply.reason !== '') throw new Error(reply.reason)
  }

  async #outcome({ request }: Asked, { text, stop_reason = 'stop' }: Extract<Answer, { text: string }>): Promise<CompletionOutcome> {
    return {
      reply: await this.log.text(text), raw: await this.log.text(`{"raw":${JSON.stringify(text)}}`), stop_reason, served_model: 'm-2026', input_tokens: 7, output_tokens: 3, cost_usd: 0.5, source: 'live',
      cached_tokens: 2, cache_write_tokens: 1, request: request.key,
    }
  }

  /** Asks and records the answer: what an instance does with one call. */
  async call(instance: number, words: Words, answer: Answer): Promise<void> {
    await this.answer(await this.ask(instance, words), answer)
  }
}
