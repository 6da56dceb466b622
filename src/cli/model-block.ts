import type { CompletionFacts, RunMetrics, ToolFacts, TraceStep } from '../replay/index.ts'
import { count, duration, oneLine } from './format.ts'
import type { Screen } from './output.ts'
import { tableOf } from './table.ts'

/** 12,345: tokens are many. */
const tokens = (value: number): string => Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ',')
const dollars = (value: number): string => `$${value.toFixed(4)}`

interface Sum { input_tokens: number; output_tokens: number; cached_tokens: number; cost_usd: number; tries: number }

const spent = ({ input_tokens, output_tokens, cached_tokens, cost_usd }: Sum): string =>
  `${tokens(input_tokens)} tokens in${cached_tokens > 0 ? ` (${tokens(cached_tokens)} cached)` : ''}, ${tokens(output_tokens)} out, ${dollars(cost_usd)}`

/** The models of a step as lines of [label, text]: one for all, or one for each completion and tool. */
export function modelLines({ completions, tools }: TraceStep, full: boolean): [string, string][] {
  if (completions.length === 0 && tools.length === 0) return []
  if (full) return [...tools.map(toolLine), ...completions.map(completionLine)]
  const all = completions.reduce<Sum>((sum, one) => ({
    input_tokens: sum.input_tokens + one.input_tokens, output_tokens: sum.output_tokens + one.output_tokens, cached_tokens: sum.cached_tokens + one.cached_tokens, cost_usd: sum.cost_usd + one.cost_usd, tries: sum.tries + one.tries,
  }), { input_tokens: 0, output_tokens: 0, cached_tokens: 0, cost_usd: 0, tries: 0 })
  const models = [...new Set(completions.map(({ model }) => model).filter((model) => model !== ''))]
  const failed = completions.filter(({ done, ok }) => done && !ok).length
  return [['model', `${count(completions.length, 'call')}${all.tries > completions.length ? ` in ${count(all.tries, 'try', 'tries')}` : ''}${failed > 0 ? `, ${failed} failed` : ''}${models.length === 0 ? '' : ` (${oneLine(models.join(', '), 60)})`}: ${spent(all)}`]]
}

const completionLine = (one: CompletionFacts): [string, string] => [
  `model ${one.role}`,
  `${oneLine(`${one.provider}/${one.model}`, 60)}${one.tool === '' ? '' : ` for ${one.tool}`}: ${spent(one)}, ${duration(one.latency_ms)}${one.tries > 1 ? `, ${one.tries} tries` : ''}${one.shortened > 0 ? `, shortened (${one.shortened})` : ''}${one.source === '' || one.source === 'live' ? '' : `, ${one.source}`}${ended(one)}`,
]
const toolLine = (one: ToolFacts): [string, string] => ['tool', `${oneLine(one.tool, 30)}: ${count(one.completions, 'completion')}, ${duration(one.latency_ms)}${ended(one)}`]
const ended = ({ done, ok, code }: { done: boolean; ok: boolean; code: string }): string => (!done ? ', under way' : ok ? '' : `, ${oneLine(code.replaceAll('_', ' ') || 'failed', 40)}`)

/** What models used, role by role; '' where none was asked. */
export function usageTable(screen: Screen, { roles, ...all }: RunMetrics['usage']): string {
  const rows = Object.entries(roles)
  if (rows.length === 0) return ''
  const row = (name: string, sum: Sum & { calls: number; answered_from_cache: number; unpriced: number }): string[] => [
    oneLine(name, 20), String(sum.calls), String(sum.tries), tokens(sum.input_tokens), tokens(sum.cached_tokens), tokens(sum.output_tokens), sum.unpriced === 0 ? dollars(sum.cost_usd) : `${sum.cost_usd > 0 ? `${dollars(sum.cost_usd)} and ` : ''}unknown (--price)`, String(sum.answered_from_cache),
  ]
  return tableOf(screen, [
    { title: 'models' }, { title: 'calls', right: true }, { title: 'tries', right: true }, { title: 'tokens in', right: true }, { title: 'cached', right: true }, { title: 'out', right: true }, { title: 'cost', right: true }, { title: 'from cache', right: true },
  ], [...rows.map(([name, sum]) => row(name, sum)), ...(rows.length > 1 ? [row('all', all)] : [])])
}

/** What programs asked of their task's services, in lines of [whose, what]; none where nobody asked. */
export function servicesLines({ scripts, gradings }: RunMetrics['services']): [string, string][] {
  return ([['scripts', scripts], ['gradings', gradings]] as const).filter(([, { searches, questions, refused }]) => searches + questions + refused > 0).map(([whose, used]) => [whose, [
    `${count(used.searches, 'search', 'searches')}`,
    `${count(used.questions, 'question')} to a model${used.models.length === 0 ? '' : ` (${oneLine(used.models.join(', '), 60)}): ${tokens(used.input_tokens)} tokens in, ${tokens(used.output_tokens)} out, ${dollars(used.cost_usd)}`}`,
    ...(used.refused > 0 ? [`${used.refused} refused`] : []), ...(used.failed > 0 ? [`${used.failed} failed`] : []),
  ].join(', ')])
}
