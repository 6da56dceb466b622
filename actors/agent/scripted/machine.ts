import { assign, setup } from 'xstate'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { scriptedConfig, scriptItem } from '../../../schemas/agent-config.ts'
import type { ScriptItem } from '../../../schemas/agent-config.ts'
import { instanceOf, text, violation } from '../../protocol.ts'
import type { ListValue, MachineInput, Message, Received } from '../../protocol.ts'
import type { ActorLogic } from '../../logic.ts'

interface Context {
  call: number
  /** what is still to be played: a list whose `prev` is the rest */
  rest: ListValue | null
  params: string
  asks: number
}

/** The next item of the script and what follows it; undefined at the end. */
const next = (rest: ListValue | null, read: Readonly<Record<string, string>>): { item: ScriptItem; rest: ListValue | null } | undefined => {
  if (rest?.ref === undefined) return undefined
  const node = JSON.parse(read[rest.ref] ?? '') as { prev: ListValue | null; items: unknown[] }
  return { item: scriptItem.parse(node.items[0]), rest: node.prev }
}

const FINISH: ScriptItem = { action: 'Final Answer', args: { final_answer: 'The script has ended.' } }

const play = ({ call, asks, params }: Context, item: ScriptItem): Message => {
  if ('ask' in item) {
    const numbered = canonicalJson({ ...(JSON.parse(params) as object), index: asks })
    return { type: 'completion.requested', to: instanceOf('llm-tool', 'agent', call), data: { call, role: 'model', appended: text(item.ask), params: numbered } }
  }
  return {
    type: 'action.requested', to: 'environment',
    data: { call, name: item.action, arguments: text(canonicalJson(item.args)), base: '', ...(item.thought === undefined ? {} : { thought: text(item.thought) }) },
  }
}

const restOf = (config: string): ListValue | null => scriptedConfig.parse(JSON.parse(config)).script
const paramsOf = (config: string): string => canonicalJson(scriptedConfig.parse(JSON.parse(config)).completion ?? {})

/** Plays a list of actions, one after each observation, and submits at its end: a run that needs no model and repeats exactly. */
const machine = setup({
  types: { context: {} as Context, events: {} as Received, input: {} as MachineInput },
  actions: { send: (_args, _message: Message) => {} },
}).createMachine({
  id: 'scripted',
  context: { call: 0, rest: null, params: '{}', asks: 0 },
  initial: 'waiting',
  on: { '*': { actions: { type: 'send', params: ({ event }) => violation('agent', event, 'scripted') } } },
  states: {
    waiting: {
      on: {
        'agent.briefed': {
          target: 'playing',
          actions: [
            assign({ call: 1, params: ({ event }) => paramsOf(event.data.config) }),
            { type: 'send', params: ({ context, event }) => play(context, next(restOf(event.data.config), event.read)?.item ?? FINISH) },
            assign({ rest: ({ event }) => next(restOf(event.data.config), event.read)?.rest ?? null }),
          ],
        },
      },
    },
    playing: {
      on: {
        'observation.delivered': {
          actions: [
            assign({ call: ({ context }: { context: Context }) => context.call + 1 }),
            { type: 'send', params: ({ context, event }: { context: Context; event: Received }) => play(context, next(context.rest, event.read)?.item ?? FINISH) },
            assign({ rest: ({ context, event }) => next(context.rest, event.read)?.rest ?? null }),
          ],
        },
        'completion.delivered': {
          actions: [
            assign({ call: ({ context }: { context: Context }) => context.call + 1, asks: ({ context }: { context: Context }) => context.asks + 1 }),
            { type: 'send', params: ({ context, event }: { context: Context; event: Received }) => play(context, next(context.rest, event.read)?.item ?? FINISH) },
            assign({ rest: ({ context, event }) => next(context.rest, event.read)?.rest ?? null }),
          ],
        },
      },
    },
  },
})

const refOf = (list: ListValue | null): string[] => (list?.ref === undefined ? [] : [list.ref])

export const scripted: ActorLogic = {
  module: 'agent/scripted',
  machine,
  needs: (context, event) => {
    if (event.type === 'agent.briefed') return refOf(restOf(event.data.config))
    return event.type === 'observation.delivered' || event.type === 'completion.delivered' ? refOf(context['rest'] as ListValue | null) : []
  },
}
