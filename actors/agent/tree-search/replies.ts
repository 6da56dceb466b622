import { codeBlocks, readObject } from '../parsing/index.ts'

export type Solution = { ok: true; plan: string; code: string } | { ok: false; why: string }

/** Plan and script of a reply: the one longest Python block, whole. */
export function readSolution(reply: string, cut: boolean): Solution {
  if (reply.trim() === '') return { ok: false, why: 'it is empty' }
  const blocks = codeBlocks(reply)
  const python = blocks.filter(({ language }) => language === '' || language.startsWith('py'))
  const chosen = python.reduce<(typeof python)[number] | undefined>((longest, block) => (longest === undefined || block.code.length > longest.code.length ? block : longest), undefined)
  if (chosen === undefined) return { ok: false, why: 'it holds no ```python block' }
  if (!chosen.closed) return { ok: false, why: cut ? 'it was cut off at its length limit in the middle of the script; write a shorter one' : 'its block of code is not closed' }
  if (chosen.code.trim() === '') return { ok: false, why: 'its block of code is empty' }
  const plan = reply.slice(0, Math.max(0, reply.search(/^[ \t]{0,3}(`{3,}|~{3,})/m))).trim()
  return { ok: true, plan: plan === '' ? '(no plan was given)' : plan.slice(0, 2000), code: chosen.code }
}

export interface Review { worked: boolean; metric: number | null; higherIsBetter: boolean; summary: string }

/** The judgement of a script's output; undefined when it cannot be read. A metric that is no number is none. */
export function readReview(reply: string): Review | undefined {
  const reading = readObject(reply, { finished: true })
  if (!reading.ok) return undefined
  const { worked, metric, higher_is_better: higher, summary } = reading.value
  if (typeof worked !== 'boolean') return undefined
  const number = typeof metric === 'string' ? Number(metric) : metric
  return {
    worked, metric: typeof number === 'number' && Number.isFinite(number) ? number : null, higherIsBetter: typeof higher === 'boolean' ? higher : true,
    summary: typeof summary === 'string' ? summary.slice(0, 600) : '',
  }
}
