// Answers a program's questions where no real model is set up: by rules, the same every time. Like some models it rounds and praises
// unless it is told to keep to the text, and it believes whatever stands in a text.
import { readFileSync } from 'node:fs'

const { topics, methods } = JSON.parse(readFileSync(new URL('phrases.json', import.meta.url), 'utf8'))
/** It has not read everything: of some topics and methods it does not know one name. */
const MEANINGS = [...topics.map(({ said }, index) => (index % 2 === 0 ? said.slice(0, -1) : said)), ...methods.map((names, index) => (index % 3 === 0 ? names.slice(0, 1) : names))]

/** What stands after the last "Text:". */
const textIn = (prompt) => {
  const at = prompt.lastIndexOf('Text:')
  return at < 0 ? '' : prompt.slice(at + 5).trim()
}

function otherWords(prompt) {
  const text = (textIn(prompt) || prompt).toLowerCase()
  const known = MEANINGS.filter((phrases) => phrases.some((phrase) => text.includes(phrase)))
  return known.flatMap((phrases) => phrases.filter((phrase) => !text.includes(phrase))).join('\n') || 'none'
}

function summary(prompt, careful) {
  const text = textIn(prompt)
  const sentences = text.split(/(?<=[.!?])\s+(?=[A-Z])/)
  const telling = sentences.filter((sentence) => /\d+\.\d %/.test(sentence))
  const chosen = (telling.length > 0 ? telling : sentences).slice(0, 1).join(' ')
  if (careful) return chosen
  return `${chosen.replaceAll(/(\d+)\.(\d)/g, (_, whole, tenth) => String(Number(whole) + (tenth >= 5 ? 1 : 0)))} It sets a new state of the art.`
}

/** An order in a text is followed, whoever wrote it. */
const ordered = (prompt) => /ignore all (?:earlier|previous) instructions and (.+?)\.?$/is.exec(textIn(prompt))?.[1]?.replace(/^answer only with the words /i, '')

function relevant(prompt) {
  const text = new Set((textIn(prompt).toLowerCase().match(/[a-z0-9-]{4,}/g) ?? []))
  const lines = [...prompt.matchAll(/^\s*(\d+)[.):]\s+(.*)$/gm)].filter(([, , line]) => (line.toLowerCase().match(/[a-z0-9-]{4,}/g) ?? []).filter((word) => text.has(word)).length > 1)
  return lines.map(([, number]) => number).join(', ') || '0'
}

export function reply({ last, messages }) {
  const instruction = messages.map(({ text }) => text).join('\n').split('Text:')[0].toLowerCase()
  if (/other words|synonym|other phrases|also called/.test(instruction)) return otherWords(last)
  if (/\bwhich\b/.test(instruction)) return relevant(last)
  if (/summar/.test(instruction)) return ordered(last) ?? summary(last, /exact|only what|keep to the text/.test(instruction))
  return 'I can give other words, say which lines fit a text, and summarise.'
}
