/** A fenced block of a reply. `closed` is false when the reply ends inside it: then it is not whole. */
export interface CodeBlock { language: string; code: string; closed: boolean }

const OPEN = /^([ \t]{0,3})(`{3,}|~{3,})[ \t]*([^\s`]*)[^\n`]*$/

/** The fenced code blocks of a text, oldest first. A block ends at a line of its own fence, so that a longer fence may hold a shorter one. */
export function codeBlocks(text: string): CodeBlock[] {
  const out: CodeBlock[] = []
  let open: { fence: string; language: string; lines: string[] } | undefined
  const close = (closed: boolean): void => {
    if (open !== undefined) out.push({ language: open.language.toLowerCase(), code: open.lines.length === 0 ? '' : `${open.lines.join('\n')}\n`, closed })
    open = undefined
  }
  for (const line of text.split('\n')) {
    const match = OPEN.exec(line.trimEnd())
    const fence = match?.[2] ?? ''
    if (open === undefined) {
      if (match !== null) open = { fence, language: match[3] ?? '', lines: [] }
    } else if (fence.startsWith(open.fence) && (match?.[3] ?? '') === '') close(true)
    else open.lines.push(line)
  }
  close(false)
  return out
}
