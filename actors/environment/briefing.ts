import { canonicalJson } from '../../schemas/canonical-json.ts'
import { text } from '../protocol.ts'
import type { Message, ReceivedOf } from '../protocol.ts'
import { ACTIONS, specText } from './actions.ts'
import { specsOfAdded } from './added-action.ts'
import { actionsOf, stored } from './context.ts'

/** What the agent is told at the start: the problem, what it may do and until when; nothing of the grading. */
export const briefing = (event: ReceivedOf<'run.started'>): Message => {
  const { data } = event
  const actions = actionsOf(event)
  return {
    type: 'agent.briefed', to: 'agent',
    data: {
      agent: data.agent, config: data.agent_config, actions, entry: data.entry, seed: data.seed,
      ...(data.problem === undefined ? {} : { problem: stored(data.problem) }), ...(data.limits === undefined ? {} : { limits: data.limits }),
      ...(data.actions.length === 0 ? {} : { specs: text(specs(event, actions)), llm: data.llm }),
    },
  }
}

function specs({ data, read }: ReceivedOf<'run.started'>, actions: readonly string[]): string {
  const added = specsOfAdded(read[data.more_actions?.ref ?? ''] ?? '')
  return canonicalJson(actions.flatMap((name) => ACTIONS.get(name) ?? added.find((spec) => spec.name === name) ?? []).map(specText))
}
