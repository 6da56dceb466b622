const THINKING = /^\s*<(think|thinking|reasoning)>/i

/** A reply without the reasoning that some models write out before it; undefined when the reply ends inside that. */
export function spokenPart(reply: string): string | undefined {
  const tag = THINKING.exec(reply)
  if (tag === null) return reply
  const end = new RegExp(`</${tag[1] ?? ''}>`, 'i').exec(reply)
  return end === null ? undefined : reply.slice(end.index + end[0].length)
}
