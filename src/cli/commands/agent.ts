import { ACTIONS, ACTIONS_WITHOUT_MODEL, AGENTS, specText, usage } from '../../../actors/index.ts'
import type { AgentEntry } from '../../../actors/index.ts'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { EXIT } from '../exit-codes.ts'
import { didYouMean, nearest } from '../nearest.ts'
import { printJson, stdout } from '../output.ts'
import { tableOf } from '../table.ts'
import { usageError } from '../usage-error.ts'

interface JsonFlag { json?: boolean }

const settingsOf = ({ name, config }: AgentEntry): Setting[] => {
  if (name === 'scripted') return [{ name: 'script', what: 'a YAML file with the actions to play, or the word reference: the solution that the task brings', fallback: undefined }]
  if (config === undefined) return []
  const defaults = config.parse({})
  return Object.entries(config.shape).map(([key, field]) => ({ name: key, what: (field as { description?: string }).description ?? '', fallback: defaults[key] }))
}
interface Setting { name: string; what: string; fallback: unknown }

/** `kymo agent list`. */
export async function agentList({ json }: JsonFlag): Promise<number> {
  const agents = Object.values(AGENTS).map((entry) => ({ name: entry.name, description: entry.description, model: entry.model === true, config: settingsOf(entry) }))
  if (json === true) {
    printJson(agents)
    return EXIT.ok
  }
  const screen = stdout()
  screen.line(tableOf(screen, [{ title: 'agent' }, { title: 'model' }, { title: 'what it does' }], agents.map(({ name, description, model }) => [screen.colors.bold(name), model ? 'yes' : 'no', description])))
  screen.line('\nSettings and actions of one: kymo agent show research     use it: kymo run TASK --agent research --model PROVIDER/MODEL')
  return EXIT.ok
}

/** `kymo agent show NAME`: what it takes and what it may do. */
export async function agentShow(name: string, { json }: JsonFlag): Promise<number> {
  const entry = entryOf(name)
  const actions = listOf(name)
  const settings = settingsOf(entry)
  if (json === true) {
    printJson({ name: entry.name, description: entry.description, model: entry.model === true, config: settings, actions })
    return EXIT.ok
  }
  const screen = stdout()
  const { colors } = screen
  screen.line(`${colors.bold(entry.name)}  ${entry.description}`)
  screen.line(`\n${colors.dim('model'.padEnd(10))}${entry.model === true ? 'needs one: --model PROVIDER/MODEL' : 'none needed'}`)
  screen.line(`${colors.dim('actions'.padEnd(10))}${actions.join(', ')}`)
  screen.line(`\n${settings.length === 0 ? 'It has no settings.' : 'Settings, as --agent-config KEY=VALUE:'}`)
  for (const { name: key, what, fallback } of settings) screen.line(`  ${colors.cyan(key.padEnd(34))} ${what}${fallback === undefined ? '' : colors.dim(` (default ${typeof fallback === 'string' ? JSON.stringify(fallback) : canonicalJson(fallback)})`)}`)
  return EXIT.ok
}

function entryOf(name: string): AgentEntry {
  const entry = Object.hasOwn(AGENTS, name) ? AGENTS[name] : undefined
  if (entry === undefined) throw usageError(`There is no agent ${name.slice(0, 60)}.${didYouMean(name, Object.keys(AGENTS))} The agents are: ${Object.keys(AGENTS).join(', ')}.`, 'KYMO_UNKNOWN_AGENT')
  return entry
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
const listOf = (agent: string): string[] => [...(entryOf(agent).actions ?? ACTIONS_WITHOUT_MODEL)]
