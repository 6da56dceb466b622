import { setup } from 'xstate'
import type { MachineInput, Message, Received } from '../protocol.ts'
import { completionDelays, completionGuards } from './completion.ts'
import type { Context } from './context.ts'
import { toolGuards } from './tool.ts'

/** What the states of completions and those of tools are made with. */
export const llm = setup({
  types: { context: {} as Context, events: {} as Received, input: {} as MachineInput },
  actions: {
    send: (_args, _message: Message) => {},
    sendAll: (_args, _params: { messages: Message[] }) => {},
  },
  delays: { ...completionDelays },
  guards: { ...completionGuards, ...toolGuards },
})
