import { isBareCode } from './bare-code.ts'
import { elidedLine } from './elision.ts'
import { fencedBlocks } from './fences.ts'
import type { FencedBlock } from './fences.ts'
import { spokenPart } from './spoken.ts'

export type Extracted = { ok: true; code: string } | { ok: false; code: 'truncated_reply' | 'no_code'; reason: string }

/** What the code of a reply is to replace: a whole file or some of its lines, and how the file is called. */
export interface Replaced { fileName: string; original: string; whole: boolean }

/**
 * The code that a reply gives, with \n line ends and ended as the original was (with a line end, if the original is empty).
 *
 * One fenced block is taken as it is. Of several, those that are labelled with another language than the file's do not count; a
 * block that names the file (in its label, its first line or the line before it) comes before one labelled with the file's
 * language, that before one without a label; among equals the longest is taken, of equal ones the last. Text without a fence
 * counts only when all of it is clearly a program. Refused: a block that does not end, lines that stand for others ("# ... rest
 * unchanged"), and, for a whole file, several nameless blocks of which none has half the file's length.
 */
export function extractCode(reply: string, about: Replaced): Extracted {
  const spoken = spokenPart(reply.replace(/\r\n?/g, '\n'))
  if (spoken === undefined) return truncated('the reply ends before it comes to the code')
  const blocks = fencedBlocks(spoken)
  if (blocks.some(({ closed }) => !closed)) return truncated('the code block has no end: its closing fence is missing')
  if (blocks.length === 0) return isBareCode(spoken, about.fileName) ? accepted(spoken.trim() === '' ? '' : `${spoken.replace(/^\s*\n/, '').trimEnd()}\n`, about) : noCode('the reply has no code block')
  const chosen = choose(blocks, about)
  if (chosen === undefined) return noCode(`the reply has no code block for ${nameOf(about)}, only ${listed(blocks)}`)
  if (about.whole && chosen.several && chosen.block.text.length * 2 < about.original.length) return noCode(`the reply has several code blocks, and none of them is clearly the whole of ${nameOf(about)}`)
  return accepted(chosen.block.text, about)
}

function accepted(code: string, about: Replaced): Extracted {
  if (about.whole && code.trim() === '') return noCode('the code block is empty')
  const elided = elidedLine(code, about.original)
  if (elided !== undefined) return truncated(`the code leaves lines out where it says "${elided.slice(0, 200)}"`)
  if (code === '') return { ok: true, code }
  const open = about.original !== '' && !/[\r\n]$/.test(about.original)
  return { ok: true, code: open ? code.replace(/\n$/, '') : code }
}

function choose(blocks: readonly FencedBlock[], about: Replaced): { block: FencedBlock; several: boolean } | undefined {
  const fitting = blocks.filter((block) => fits(block, about.fileName))
  const changed = fitting.filter(({ text }) => text.trim() !== about.original.replace(/\r\n?/g, '\n').trim())
  const candidates = changed.length > 0 ? changed : fitting
  const named = candidates.filter((block) => names(block, about.fileName))
  const labelled = candidates.filter(({ info }) => labelOf(info) !== '')
  const pool = [named, labelled, candidates].find((some) => some.length > 0)
  const block = pool?.reduce((best, one) => (one.text.length >= best.text.length ? one : best))
  return block === undefined ? undefined : { block, several: candidates.length > 1 && named.length === 0 }
}

const NO_LANGUAGE = new Set(['', 'text', 'txt', 'plain', 'plaintext', 'code', 'none'])
const LANGUAGES: Readonly<Record<string, RegExp>> = {
  py: /^(?:py|python|ipython)[\d.]*$/, sh: /^(?:sh|bash|shell|zsh)$/, yml: /^ya?ml$/, yaml: /^ya?ml$/, md: /^(?:md|markdown)$/, js: /^(?:js|javascript)$/, ts: /^(?:ts|typescript)$/,
  json: /^jsonc?$/, cpp: /^(?:cpp|c\+\+)$/, r: /^r$/, txt: /^te?xt$/,
}

/** First word of a label: python, {.python}, python:train.py, python title="train.py". */
const labelOf = (info: string): string => {
  const word = (/^[{.\s]*([\w+#.-]*)/.exec(info)?.[1] ?? '').toLowerCase()
  return NO_LANGUAGE.has(word) ? '' : word
}
const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
const extension = (path: string): string => /\.([A-Za-z0-9]+)$/.exec(baseName(path))?.[1]?.toLowerCase() ?? ''

function fits({ info }: FencedBlock, fileName: string): boolean {
  const label = labelOf(info)
  if (label === '' || label === baseName(fileName).toLowerCase()) return true
  const own = LANGUAGES[extension(fileName)]
  if (own !== undefined) return own.test(label)
  return label === extension(fileName) || !/^(?:diff|patch|bash|sh|shell|console|terminal|output)$/.test(label)
}

function names({ info, text, before }: FencedBlock, fileName: string): boolean {
  const name = baseName(fileName).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const word = new RegExp(`(?:^|[^\\w.-])${name}(?:$|[^\\w-])`)
  const first = text.split('\n', 1)[0] ?? ''
  return word.test(info) || word.test(before) || (/^\s*(?:#|\/\/|--|<!--|%)/.test(first) && word.test(first))
}

const nameOf = ({ fileName }: Replaced): string => (fileName === '' ? 'the file' : baseName(fileName).slice(0, 200))
const listed = (blocks: readonly FencedBlock[]): string => [...new Set(blocks.map(({ info }) => labelOf(info) || 'plain'))].slice(0, 5).map((label) => `"${label.slice(0, 40)}"`).join(', ')
const truncated = (reason: string): Extracted => ({ ok: false, code: 'truncated_reply', reason })
const noCode = (reason: string): Extracted => ({ ok: false, code: 'no_code', reason })
