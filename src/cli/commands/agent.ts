import { ACTIONS, ACTIONS_WITHOUT_MODEL, AGENTS, specText, usage } from '../../../actors/index.ts'
import { EXIT } from '../exit-codes.ts'
import { nearest } from '../nearest.ts'
import { printJson, stdout } from '../output.ts'
import { tableOf } from '../table.ts'
import { usageError } from '../usage-error.ts'

interface JsonFlag { json?: boolean }

const CONFIG: Readonly<Record<string, string>> = { scripted: 'script=FILE' }

/** `kymo agent list`. */
export async function agentList({ json }: JsonFlag): Promise<number> {
  const agents = Object.values(AGENTS).map(({ name, description }) => ({ name, description, config: CONFIG[name] ?? '' }))
  if (json === true) {
    printJson(agents)
    return EXIT.ok
  }
  const screen = stdout()
  screen.line(tableOf(screen, [{ title: 'agent' }, { title: 'what it does' }, { title: '--agent-config' }], agents.map(({ name, description, config }) => [screen.colors.bold(name), description, config])))
  screen.line('\nUse one: kymo run TASK --agent NAME     what it may do: kymo agent actions')
  return EXIT.ok
}

/** `kymo agent actions [NAME] [--agent NAME]`: names count without regard to case, since people type them. */
export async function agentActions(name: string | undefined, { json, agent }: JsonFlag & { agent?: string }): Promise<number> {
  const names = agent === undefined ? [...ACTIONS.keys()] : listOf(agent)
  const chosen = name === undefined ? names : names.filter((known) => known.toLowerCase() === name.toLowerCase())
  if (name !== undefined && chosen.length === 0) {
    const near = nearest(name, names)
    throw usageError(`There is no action ${name.slice(0, 60)}${agent === undefined ? '' : ` for the agent ${agent}`}.${near === undefined ? '' : ` Did you mean "${near}"?`} The actions are: ${names.join(', ')}.`, 'KYMO_UNKNOWN_ACTION')
  }
  const actions = chosen.flatMap((known) => ACTIONS.get(known) ?? []).map((spec) => ({ ...specText(spec), usage: JSON.parse(usage(spec)) as Record<string, string>, kind: spec.kind }))
  if (json === true) {
    printJson(actions)
    return EXIT.ok
  }
  const screen = stdout()
  for (const action of actions) {
    screen.line(`${screen.colors.bold(action.name)} ${screen.colors.dim(action.primitive ? '(primitive)' : '(composite)')}  ${action.description}`)
    for (const [field, what] of Object.entries(action.arguments)) screen.line(`    ${screen.colors.cyan(field.padEnd(20))} ${what}`)
    screen.line(`    ${screen.colors.dim('observation'.padEnd(20))} ${action.returns}`)
  }
  if (name !== undefined) return EXIT.ok
  const primitives = actions.filter(({ primitive }) => primitive).length
  screen.line()
  screen.line(screen.colors.dim(`${actions.length} actions: ${primitives} primitives, ${actions.length - primitives} composites${agent === undefined ? '; an agent\'s own list: --agent NAME' : '; Request Help only with --interactive'}`))
  return EXIT.ok
}

/** The actions that an agent gets when nobody adds or removes any. */
function listOf(agent: string): string[] {
  const entry = Object.hasOwn(AGENTS, agent) ? AGENTS[agent] : undefined
  if (entry !== undefined) return [...(entry.actions ?? ACTIONS_WITHOUT_MODEL)]
  const near = nearest(agent, Object.keys(AGENTS))
  throw usageError(`There is no agent ${agent.slice(0, 60)}.${near === undefined ? '' : ` Did you mean "${near}"?`} The agents are: ${Object.keys(AGENTS).join(', ')}.`, 'KYMO_UNKNOWN_AGENT')
}
