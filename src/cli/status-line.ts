import type { Screen } from './output.ts'
import { oneLine } from './format.ts'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

/** The last line of a terminal, redrawn in place while other lines go by above it. Silent where there is no terminal. */
export class StatusLine {
  readonly #screen: Screen
  readonly #text: () => string
  #timer: NodeJS.Timeout | undefined
  #shown = false
  #frame = 0

  constructor(screen: Screen, text: () => string) {
    this.#screen = screen
    this.#text = text
  }

  start(): void {
    if (!this.#screen.isTerminal || this.#timer !== undefined) return
    this.#timer = setInterval(() => this.#draw(), 100)
    this.#timer.unref()
  }

  /** Takes the line away, so that `line` can be written in its place. */
  clear(): void {
    if (!this.#shown) return
    this.#screen.write('\r\u001b[2K')
    this.#shown = false
  }

  #draw(): void {
    const text = this.#text()
    if (text === '') return this.clear()
    this.#frame = (this.#frame + 1) % FRAMES.length
    this.#screen.write(`\r\u001b[2K${this.#screen.colors.cyan(FRAMES[this.#frame] ?? '')} ${this.#screen.colors.dim(oneLine(text, this.#screen.width - 4))}`)
    this.#shown = true
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.clear()
  }
}
