import { assign, setup } from 'xstate'
import { z } from 'zod'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { text, textOf, violation } from '../../protocol.ts'
import type { MachineInput, Message, Received, ReceivedOf, TextValue } from '../../protocol.ts'
import type { ActorLogic } from '../../logic.ts'

interface Context {
  call: number
  questions: number
  /** what may be done: [{name, description, arguments: [{name, what}]}], kept once */
  choices: TextValue
  /** answers in a row that named no action */
  unreadable: number
}

/** A person who types nonsense this often in a row has left. */
const MAX_UNREADABLE = 20
/** The end of an observation stays on a terminal's screen. */
const SHOWN = 20_000

const spec = z.object({ name: z.string(), description: z.string(), arguments: z.record(z.string(), z.string()), schema: z.object({ required: z.array(z.string()).default([]) }).default({ required: [] }) })

/** The actions with their arguments in the order in which a person is asked for them. */
const choicesOf = (specs: string): TextValue => text(canonicalJson((specs === '' ? [] : z.array(spec).parse(JSON.parse(specs))).map(({ name, description, arguments: fields, schema }) => ({
  name, description, arguments: [...new Set([...schema.required, ...Object.keys(fields)])].flatMap((field) => (fields[field] === undefined ? [] : [{ name: field, what: fields[field] }])),
}))))

const answer = z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()).default({}), thought: z.string().optional() })
type Answer = z.infer<typeof answer>

/** What a person answered, as an action; undefined when it is none. */
export function actionOf(reply: string): Answer | undefined {
  try {
    return answer.safeParse(JSON.parse(reply)).data
  } catch {
    return undefined
  }
}

const shown = (observation: string): string => (observation.length <= SHOWN ? observation : `[... ${observation.length - SHOWN} characters left out; "kymo trace" has them ...]\n${observation.slice(-SHOWN)}`)

const ask = ({ questions, choices }: Context, prompt: string): Message => ({
  type: 'effect.requested', to: 'runner',
  data: { kind: 'human', call: questions, max_attempts: 100, retry_of: '', human: { what: 'action', prompt: text(prompt), choices } },
})

const act = (context: Context, chosen: Answer | undefined): Message => ({
  type: 'action.requested', to: 'environment',
  data: { call: context.call, name: chosen?.name ?? '', arguments: text(canonicalJson(chosen?.arguments ?? {})), base: '', ...(chosen?.thought === undefined ? {} : { thought: text(chosen.thought) }) },
})

const replyOf = (event: Received): string => (event.type === 'effect.succeeded' ? textOf(event.data.human?.answer) : '')
const gone = (event: ReceivedOf<'effect.failed'>): Message => ({
  type: 'agent.gave_up', to: 'environment', data: { error: event.data.error ?? { source: 'user', code: 'nobody_there', message: 'nobody answered' } },
})

/** A person chooses each action: every question and every answer is an event like any other. */
const machine = setup({
  types: { context: {} as Context, events: {} as Received, input: {} as MachineInput },
  actions: { send: (_args, _message: Message) => {} },
  guards: {
    readable: ({ event }: { event: Received }) => actionOf(replyOf(event)) !== undefined,
    patient: ({ context }: { context: Context }) => context.unreadable < MAX_UNREADABLE,
    over: ({ event }: { event: Received }) => event.type === 'observation.delivered' && event.data.final,
  },
}).createMachine({
  id: 'human',
  context: { call: 0, questions: 0, choices: {}, unreadable: 0 },
  initial: 'waiting',
  on: { '*': { actions: { type: 'send', params: ({ event }) => violation('agent', event, 'human') } } },
  states: {
    waiting: {
      on: {
        'agent.briefed': {
          target: 'asking',
          actions: [
            assign({ questions: 1, choices: ({ event }) => choicesOf(textOf(event.data.specs)) }),
            { type: 'send', params: ({ context, event }) => ask(context, textOf(event.data.problem)) },
          ],
        },
      },
    },
    asking: {
      on: {
        'effect.succeeded': [
          {
            guard: 'readable', target: 'acting',
            actions: [
              assign({ call: ({ context }: { context: Context }) => context.call + 1, unreadable: 0 }),
              { type: 'send', params: ({ context, event }) => act(context, actionOf(replyOf(event))) },
            ],
          },
          {
            guard: 'patient',
            actions: [
              assign({ questions: ({ context }) => context.questions + 1, unreadable: ({ context }) => context.unreadable + 1 }),
              { type: 'send', params: ({ context }) => ask(context, 'That was no action. Choose one by its number or name, or write {"name": "List Files", "arguments": {"dir_path": "."}}.') },
            ],
          },
          { target: 'done', actions: { type: 'send', params: () => ({ type: 'agent.gave_up' as const, to: 'environment', data: { error: { source: 'user', code: 'no_valid_reply', message: 'the person gave no readable action' } } }) } },
        ],
        'effect.failed': { target: 'done', actions: { type: 'send', params: ({ event }) => gone(event) } },
      },
    },
    acting: {
      on: {
        'observation.delivered': [
          { guard: 'over', target: 'done' },
          {
            target: 'asking',
            actions: [
              assign({ questions: ({ context }) => context.questions + 1 }),
              { type: 'send', params: ({ context, event }) => ask(context, shown(textOf(event.data.observation))) },
            ],
          },
        ],
      },
    },
    done: { type: 'final' },
  },
})

export const human: ActorLogic = { module: 'agent/human', machine }
