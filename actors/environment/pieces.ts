import { canonicalJson } from '../../schemas/canonical-json.ts'
import { instanceOf, text } from '../protocol.ts'
import type { Message, TextValue } from '../protocol.ts'
import type { Piece } from './action-spec.ts'
import type { Context, Open } from './context.ts'

/** A piece that something or somebody else carries out. */
export type OpenPiece = Extract<Piece, { kind: 'file' | 'script' | 'repl' | 'human' | 'tool' }>

/** How a piece is set going: what is asked, and who will answer ('' for an effect). */
export interface Opening { open: Open; waits: string; message: Message }

/** The name and arguments under which an inner action is recorded; undefined for a tool, whose own records tell all. */
export function recordedAs(piece: OpenPiece): { name: string; args: Record<string, unknown> } | undefined {
  switch (piece.kind) {
    case 'file': return { name: piece.action, args: piece.args }
    case 'script': return { name: 'Execute Script', args: { script_name: piece.script, ...(piece.arguments.length === 0 ? {} : { arguments: piece.arguments }) } }
    case 'repl': return { name: 'Python REPL', args: { command: piece.command } }
    case 'human': return { name: 'Request Help', args: { request: piece.prompt } }
    case 'tool': return undefined
  }
}

/** Sets a piece going. `inner` is its number among the inner actions of a composite, 0 for an action that is one piece. */
export function opening(context: Context, piece: OpenPiece, inner: number): Opening {
  switch (piece.kind) {
    case 'file': return { open: 'file', waits: '', message: fileEffect(context, piece.action, text(canonicalJson(piece.args))) }
    case 'human': return { open: 'human', waits: '', message: { type: 'effect.requested', to: 'runner', data: { kind: 'human', call: context.step, max_attempts: 5, retry_of: '', human: { what: 'help', prompt: text(piece.prompt) } } } }
    case 'script':
    case 'repl': {
      const waits = `${instanceOf('executor', 'environment', context.step)}${inner === 0 ? '' : `/${inner}`}`
      return { open: piece.kind, waits, message: execution(context, piece, waits) }
    }
    case 'tool': {
      // One for the step: no composite asks two tools.
      const waits = instanceOf('llm-tool', 'environment', context.step)
      return { open: 'tool', waits, message: toolCall(context, piece, waits) }
    }
  }
}

const fileEffect = ({ step, head, task, edits }: Context, action: string, args: TextValue): Message => ({
  type: 'effect.requested', to: 'runner',
  data: {
    kind: 'file', call: step, max_attempts: 5, retry_of: '',
    file: { action, arguments: args, tree: head, layers: task.layers, ...(edits?.ref === undefined ? {} : { edits: { ref: edits.ref, bytes: edits.bytes ?? 0 } }), read_only: task.readOnly, step },
  },
})

const execution = ({ step, head, task, repl }: Context, piece: Extract<OpenPiece, { kind: 'script' | 'repl' }>, to: string): Message => {
  const asked = { call: step, tree: head, layers: task.layers, limits: task.scriptLimits, python_key: task.pythonKey }
  return {
    type: 'execution.requested', to,
    data: piece.kind === 'script' ? { ...asked, script: piece.script, arguments: piece.arguments } : { ...asked, script: '', arguments: [], mode: 'repl', command: text(piece.command), session: repl.session, commands: repl.commands },
  }
}

const toolCall = ({ step, task, log, usage }: Context, piece: Extract<OpenPiece, { kind: 'tool' }>, to: string): Message => ({
  type: 'tool.requested', to,
  data: {
    call: step, tool: piece.tool, arguments: text(canonicalJson(piece.args)), llm: task.llm, nth: usage.tools, ...(piece.document === undefined ? {} : { document: piece.document }),
    ...(piece.log === true && log.notes?.ref !== undefined ? { log: { ref: log.notes.ref, bytes: log.notes.bytes ?? 0 } } : {}),
  },
})

/** What is still under way when the run ends has to end as well: it is told so, and its answer is waited for. A file action is over at once. */
export function cancelOpen({ current, step, ending }: Context): Message[] {
  const reason = ending?.failure?.code ?? 'stopped'
  switch (current?.open) {
    case 'script':
    case 'repl': return [{ type: 'execution.cancel_requested', to: current.waits, data: { call: step, reason } }]
    case 'tool': return [{ type: 'tool.cancel_requested', to: current.waits, data: { call: step, reason } }]
    case 'human': return [{ type: 'effect.cancel_requested', to: 'runner', data: { effect: '', reason, call: step } }]
    default: return []
  }
}
