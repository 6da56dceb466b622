import type { ClaimStep, Where } from './types.ts'

export interface Section { where: Where; text: string }

const HEADS: ReadonlyArray<readonly [RegExp, Where | null]> = [
  [/^reflection$/, 'reflection'], [/^(?:research )?plan(?: and status)?$/, 'plan'], [/^fact[ -]?check$/, 'fact-check'], [/^(?:thought|thoughts|reasoning)$/, 'thought'], [/^criticism$/, 'reflection'],
  [/^(?:action|action input|observation|command)$/, null],
]
const HEAD = /^[\s#>*_]{0,8}(reflection|research plan and status|research plan|plan and status|plan|fact[ -]?check|thoughts?|reasoning|criticism|action input|action|observation|command)[*_\s]{0,4}:[*_]{0,3}[ \t]?/gim

/** What a step's reply says, part by part: named entries where it has them, an AutoGPT object's fields, otherwise one thought. Actions and code are left out. */
export function sectionsOf(reply: string): Section[] {
  const fields = thoughtsOf(reply)
  if (fields !== undefined) return fields
  const heads = [...reply.matchAll(HEAD)]
  const sections: Section[] = [{ where: 'thought', text: reply.slice(0, heads[0]?.index ?? reply.length) }]
  for (const [index, head] of heads.entries()) {
    const name = (head[1] ?? '').toLowerCase()
    const where = HEADS.find(([pattern]) => pattern.test(name))?.[1] ?? null
    if (where !== null) sections.push({ where, text: reply.slice(head.index + head[0].length, heads[index + 1]?.index ?? reply.length) })
  }
  return sections.map(({ where, text }) => ({ where, text: withoutCode(text) })).filter(({ text }) => text.trim() !== '')
}

/** The final answer as its step gives it, or '' when the step gives none. */
export const answerOf = ({ action, accepted, fields, arguments: args }: ClaimStep): string => (action !== 'Final Answer' || !accepted ? '' : (fields['final_answer'] ?? args))

export const withoutCode = (text: string): string => text.replace(/```[\s\S]*?(?:```|$)/g, '\n')

function thoughtsOf(reply: string): Section[] | undefined {
  const from = reply.indexOf('{')
  if (from < 0 || !reply.includes('"thoughts"')) return undefined
  try {
    const value: unknown = JSON.parse(reply.slice(from, reply.lastIndexOf('}') + 1))
    const thoughts = typeof value === 'object' && value !== null && 'thoughts' in value ? value.thoughts : undefined
    if (typeof thoughts !== 'object' || thoughts === null) return undefined
    return Object.entries(thoughts).flatMap(([name, text]) => (typeof text === 'string' && text.trim() !== '' && name !== 'speak' ? [{ where: HEADS.find(([pattern]) => pattern.test(name))?.[1] ?? 'thought', text: withoutCode(text) }] : []))
  } catch {
    return undefined
  }
}
