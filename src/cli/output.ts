import { writeSync } from 'node:fs'
import pico from 'picocolors'

export type Colors = ReturnType<typeof pico.createColors>

const wantsColor = (stream: NodeJS.WriteStream): boolean =>
  process.env['NO_COLOR'] === undefined && (process.env['FORCE_COLOR'] !== undefined && process.env['FORCE_COLOR'] !== '0' || (stream.isTTY === true && process.env['TERM'] !== 'dumb'))

/** Where a command writes for people, with colours if that is a terminal. */
export interface Screen {
  readonly colors: Colors
  readonly isTerminal: boolean
  readonly width: number
  line(text?: string): void
  write(text: string): void
}

export function screenOf(stream: NodeJS.WriteStream): Screen {
  const write = (text: string): void => { stream.write(text) }
  return {
    colors: pico.createColors(wantsColor(stream)), isTerminal: stream.isTTY === true && process.env['TERM'] !== 'dumb',
    get width() { return Math.max(40, stream.columns || 100) },
    line: (text = '') => write(`${text}\n`), write,
  }
}

export const stdout = (): Screen => screenOf(process.stdout)
export const stderr = (): Screen => screenOf(process.stderr)

/** A reader such as `head` that has seen enough is no failure. */
export function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
      throw error
    })
  }
}

/** The one JSON document of a --json command. */
export const printJson = (value: unknown): void => { process.stdout.write(`${JSON.stringify(value, null, 2)}\n`) }

/** A line that is out even if the process ends now. */
export const lastWords = (text: string): void => {
  try {
    writeSync(2, `${text}\n`)
  } catch {
    // nobody listens
  }
}
