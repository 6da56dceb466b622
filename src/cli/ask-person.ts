import { createInterface } from 'node:readline/promises'
import { z } from 'zod'
import type { Ask } from '../effects/index.ts'
import { printable } from './format.ts'
import type { Screen } from './output.ts'

/** One action that a person may choose, as the question carries it. */
const choice = z.object({ name: z.string(), description: z.string(), arguments: z.array(z.object({ name: z.string(), what: z.string() })) })
type Choice = z.infer<typeof choice>

export interface Person { ask: Ask; close: () => void }

/**
 * Asks the person at the terminal, or whoever writes to standard input. An answer to a request for help is one line. An action is
 * chosen by number or name and its arguments are asked for one by one; a line of JSON, {"name": ..., "arguments": {...}}, says all at once.
 */
export function askPerson(screen: Screen, quietly: (work: () => Promise<string | undefined>) => Promise<string | undefined>): Person {
  const lines = createInterface({ input: process.stdin, terminal: process.stdin.isTTY === true, ...(screen.isTerminal ? { output: process.stderr } : {}) })
  let ended = false
  const waiting: ((line: string | undefined) => void)[] = []
  const early: string[] = []
  lines.on('line', (line) => { const next = waiting.shift(); if (next === undefined) early.push(line); else next(line) })
  lines.on('close', () => { ended = true; for (const next of waiting.splice(0)) next(undefined) })
  // Ctrl-C belongs to the run, also while a question is open.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))

  const line = (prompt: string, signal: AbortSignal): Promise<string | undefined> => {
    screen.write(prompt)
    const known = early.shift()
    if (known !== undefined || ended || signal.aborted) return Promise.resolve(known)
    return new Promise((resolve) => {
      waiting.push(resolve)
      signal.addEventListener('abort', () => { waiting.splice(waiting.indexOf(resolve), 1); resolve(undefined) }, { once: true })
    })
  }

  const argument = async (name: string, what: string, signal: AbortSignal): Promise<string | undefined> => {
    const first = await line(`  ${screen.colors.cyan(name)} ${screen.colors.dim(`(${what}; <<END begins several lines)`)}\n  > `, signal)
    const mark = /^<<(\S+)\s*$/.exec(first ?? '')?.[1]
    if (mark === undefined) return first
    const all: string[] = []
    for (;;) {
      const next = await line('', signal)
      if (next === undefined || next === mark) return all.join('\n') + (all.length > 0 ? '\n' : '')
      all.push(next)
    }
  }

  const action = async (choices: readonly Choice[], signal: AbortSignal): Promise<string | undefined> => {
    for (;;) {
      screen.line()
      choices.forEach(({ name, description }, index) => screen.line(`  ${String(index + 1).padStart(2)}  ${screen.colors.bold(name)}  ${screen.colors.dim(printable(description))}`))
      const answer = await line('action > ', signal)
      if (answer === undefined) return undefined
      if (answer.trim().startsWith('{')) return answer
      const wanted = answer.trim().toLowerCase()
      const chosen = choices[Number(wanted) - 1] ?? choices.find(({ name }) => name.toLowerCase() === wanted) ?? only(choices.filter(({ name }) => wanted !== '' && name.toLowerCase().startsWith(wanted)))
      if (chosen === undefined) {
        screen.line(`There is no action "${printable(answer)}": type its number or its name.`)
        continue
      }
      const given: Record<string, string> = {}
      for (const { name, what } of chosen.arguments) {
        const value = await argument(name, what, signal)
        if (value === undefined) return undefined
        given[name] = value
      }
      return JSON.stringify({ name: chosen.name, arguments: given })
    }
  }

  const ask: Ask = (question, signal) => quietly(async () => {
    screen.line()
    screen.line(printable(question.prompt))
    if (question.what === 'help') return line('your answer > ', signal)
    return action(z.array(choice).parse(JSON.parse(question.choices)), signal)
  })
  return { ask, close: () => lines.close() }
}

const only = <Item>(items: readonly Item[]): Item | undefined => (items.length === 1 ? items[0] : undefined)
