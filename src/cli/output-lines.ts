import { StringDecoder } from 'node:string_decoder'
import { printable } from './format.ts'

/** Cuts streams of bytes into lines; what follows the last line end waits, but not for ever: see `flush`. A carriage return (a progress bar) ends a line that is shown only if it is the last of its chunk. */
export class OutputLines {
  readonly #decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') }
  readonly #rest = { stdout: '', stderr: '' }

  push(stream: 'stdout' | 'stderr', chunk: Uint8Array): string[] {
    const text = this.#rest[stream] + this.#decoders[stream].write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    const parts = text.split('\n')
    const rest = parts.pop() ?? ''
    this.#rest[stream] = rest.length > 8192 ? '' : rest
    if (rest.length > 8192) parts.push(rest)
    return parts.map(shown)
  }

  /** What never got its line end. */
  flush(): string[] {
    return (['stdout', 'stderr'] as const).flatMap((stream) => {
      const rest = this.#rest[stream] + this.#decoders[stream].end()
      this.#rest[stream] = ''
      return rest === '' ? [] : [shown(rest)]
    })
  }
}

/** Of a line that was rewritten with carriage returns, what stood there last. */
const shown = (line: string): string => printable(line.replace(/\r+$/, '').split('\r').at(-1) ?? '')
