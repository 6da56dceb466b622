import type { CompletionOutcome } from '../../schemas/generated/events.ts'
import type { AnyEvent } from '../../schemas/record.ts'
import { count, duration, oneLine, printable } from './format.ts'
import { OutputLines } from './output-lines.ts'
import type { Screen } from './output.ts'
import { StatusLine } from './status-line.ts'

export interface RunViewOptions {
  screen: Screen
  /** events up to this seq happened before: they are counted, not shown */
  seenSeq: number
  quiet: boolean
  /** text of a small blob, for an action's arguments */
  read: (hash: string) => Promise<string>
}

/** A script that prints without end must not drown the screen: the rest is in the trace. */
const MAX_LINES = 200

/** A run as it goes by: one line per step, what scripts print below it, and on a terminal a line that says what is going on. */
export class RunView {
  readonly #options: RunViewOptions
  readonly #status: StatusLine
  readonly #lines = new OutputLines()
  #queue: Promise<void> = Promise.resolve()
  #events = 0
  #steps = 0
  #doing = ''
  #began = performance.now()
  #stepBegan = performance.now()
  #printed = 0
  #hidden = 0
  #refused = false
  #spent = 0
  /** arguments of the action that was last asked for */
  #asked: { ref?: string; bytes?: number } | undefined

  constructor(options: RunViewOptions) {
    this.#options = options
    this.#status = new StatusLine(options.screen, () => (this.#doing === '' ? '' : `${this.#doing}  ${duration(performance.now() - this.#stepBegan)} · run ${duration(performance.now() - this.#began)} · ${count(this.#events, 'event')}`))
  }

  get steps(): number { return this.#steps }
  get events(): number { return this.#events }

  start(): void { this.#status.start() }

  onEvent(event: AnyEvent): void {
    this.#events = event.seq + 1
    const now = performance.now()
    if (event.type === 'step.begun') this.#steps = event.payload.step
    if (event.seq <= this.#options.seenSeq) return
    this.#then(() => this.#show(event, now))
  }

  onOutput(stream: 'stdout' | 'stderr', chunk: Uint8Array): void {
    this.#then(() => { for (const line of this.#lines.push(stream, chunk)) this.#scriptLine(line) })
  }

  /** A line that is no part of the run's story: the service was started again, the disk is full. */
  notice(text: string): void {
    this.#then(() => this.#line(`${this.#options.screen.colors.yellow('note')}  ${printable(text)}`))
  }

  /** Waits until everything is on the screen, and takes the status line away. */
  async finish(): Promise<void> {
    await this.#queue
    this.#status.stop()
  }

  /** Shows what happened so far, then leaves the screen to a question until it is answered. */
  async whileAsking<T>(work: () => Promise<T>): Promise<T> {
    await this.#queue
    this.#status.stop()
    try {
      return await work()
    } finally {
      this.#status.start()
    }
  }

  /** Takes the status line away at once. */
  abandon(): void { this.#status.stop() }

  #then(work: () => void | Promise<void>): void {
    this.#queue = this.#queue.then(work).catch(() => undefined)
  }

  #line(text: string): void {
    this.#status.clear()
    this.#options.screen.line(text)
  }

  #scriptLine(line: string): void {
    const { screen, quiet } = this.#options
    if (quiet) return
    if (this.#printed++ >= MAX_LINES) {
      this.#hidden++
      return
    }
    this.#line(`          ${screen.colors.dim(line.slice(0, 400))}`)
  }

  #endOfScript(): void {
    for (const line of this.#lines.flush()) this.#scriptLine(line)
    if (this.#hidden > 0) this.#line(`          ${this.#options.screen.colors.dim(`... ${count(this.#hidden, 'more line')}; they are in the trace of step ${this.#steps}`)}`)
    this.#printed = 0
    this.#hidden = 0
  }

  #asks(role: string, model: string): void {
    this.#doing = `${role === 'model' ? 'the agent asks' : `${role}:`} ${oneLine(model, 40)}`
  }

  #completed({ input_tokens, output_tokens, cost_usd, source }: CompletionOutcome, ms: number): void {
    this.#spent += cost_usd
    this.#doing = 'the agent decides'
    const from = source === 'live' || source === '' ? '' : ` (${source})`
    this.#line(`          ${this.#options.screen.colors.dim(`model${from}  ${input_tokens} tokens in, ${output_tokens} out, ${duration(ms)}${this.#spent > 0 ? `, $${this.#spent.toFixed(4)} so far` : ''}`)}`)
  }

  async #show(event: AnyEvent, now: number): Promise<void> {
    const { colors } = this.#options.screen
    const elapsed = duration(now - this.#began)
    switch (event.type) {
      case 'action.requested': this.#asked = event.payload.arguments; return
      case 'step.begun': {
        const { step, name, accepted, reason } = event.payload
        const args = event.payload.arguments ?? this.#asked
        this.#stepBegan = now
        const about = args?.ref === undefined || (args.bytes ?? 0) > 262_144 ? '' : subject(await this.#options.read(args.ref).catch(() => ''))
        this.#doing = `step ${step}  ${name}`
        this.#line(`${colors.bold(String(step).padStart(4))}  ${pad(colors.cyan(oneLine(name, 24)), oneLine(name, 24), 22)}${pad(oneLine(about, 34), oneLine(about, 34), 36)}${colors.dim(`${elapsed.padStart(7)}  ${count(event.seq + 1, 'event')}`)}`)
        this.#refused = !accepted
        if (!accepted) this.#line(`          ${colors.yellow(`refused: ${reason.replaceAll('_', ' ')}`)}`)
        return
      }
      case 'observation.delivered': {
        this.#endOfScript()
        this.#doing = 'the agent decides'
        this.#stepBegan = now
        if (!event.payload.ok && !event.payload.final && !this.#refused && event.payload.code !== '') this.#line(`          ${colors.yellow(event.payload.code.replaceAll('_', ' '))}`)
        return
      }
      case 'effect.succeeded': {
        const { execution, completion, clock } = event.payload
        if (completion !== undefined) return this.#completed(completion, clock?.wall_ms ?? 0)
        if (execution === undefined) return
        this.#endOfScript()
        const well = execution.reason === 'finished' || (execution.reason === 'exited' && execution.exit_code === 0)
        const how = execution.reason === 'exited' ? `exit ${execution.exit_code}` : execution.reason.replaceAll('_', ' ')
        this.#line(`          ${well ? colors.green(how) : colors.red(how)}${colors.dim(` after ${duration(clock?.wall_ms ?? 0)}`)}`)
        return
      }
      case 'effect.failed': {
        const { kind, error, retryable } = event.payload
        this.#endOfScript()
        if (kind === 'completion' && retryable) return this.#line(`          ${colors.yellow('model')} ${printable(error?.message ?? '')}; it is asked again`)
        this.#line(`          ${colors.red(`${kind} failed`)} ${printable(error?.message ?? '')}`)
        return
      }
      case 'effect.requested': {
        const asked = event.payload.completion
        if (asked !== undefined) this.#asks(asked.role, asked.model)
        if (event.payload.human !== undefined) this.#doing = ''
        return
      }
      case 'primitive.begun': return this.#line(`        ${colors.dim(`${event.payload.step}.${event.payload.index}  ${oneLine(event.payload.name, 60)}`)}`)
      case 'primitive.finished': if (!event.payload.ok) this.#line(`          ${colors.yellow(event.payload.code.replaceAll('_', ' '))}`); return
      case 'effect.lost': return this.#line(`${colors.yellow('note')}  an attempt of ${event.payload.kind} was lost (${printable(event.payload.reason)}); it is offered again`)
      case 'effect.started': if (event.attempt > 1) this.#line(`${colors.yellow('note')}  attempt ${event.attempt} of ${event.payload.kind}`); return
      case 'actor.faulted': return this.#line(`${colors.red('fault')} ${event.payload.actor}: ${printable(event.payload.message)}`)
      case 'grading.requested': {
        this.#doing = event.payload.final ? 'grading the result' : `grading step ${event.payload.step}`
        this.#stepBegan = now
        if (event.payload.final) this.#line(`      ${colors.cyan('grading')}${' '.repeat(51)}${colors.dim(`${elapsed.padStart(7)}  ${count(event.seq + 1, 'event')}`)}`)
        return
      }
      case 'run.finished': this.#doing = ''; return
      default:
    }
  }
}

/** Coloured text filled up to a width that its plain form is measured by. */
const pad = (coloured: string, plain: string, width: number): string => coloured + ' '.repeat(Math.max(1, width - plain.length))

const NAMED = ['script_name', 'file_name', 'dir_path', 'destination', 'final_answer', 'prompt', 'query'] as const

/** What an action is about, in a word: the file it names. */
export function subject(args: string): string {
  let value: unknown
  try {
    value = JSON.parse(args)
  } catch {
    return ''
  }
  if (typeof value !== 'object' || value === null) return ''
  const fields = value as Record<string, unknown>
  if (typeof fields['source'] === 'string' && typeof fields['destination'] === 'string') return `${fields['source']} -> ${fields['destination']}`
  const named = NAMED.map((key) => fields[key]).find((field) => typeof field === 'string') ?? Object.values(fields).find((field) => typeof field === 'string')
  return typeof named === 'string' ? named : ''
}
