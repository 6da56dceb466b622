/** Where a line of Python stands: inside a string of triple quotes, inside brackets, after a backslash at a line's end, or on its own. */
export interface Standing { quote: string; brackets: number; joined: boolean }

export const OWN_LINE: Standing = { quote: '', brackets: 0, joined: false }

/**
 * The standing of the line after `line`. Quotes, comments and escapes are honoured, also in raw strings; a string of one quote
 * ends with its line. Never throws: what is no Python gives some standing too.
 */
export function standingAfter(line: string, before: Standing): Standing {
  let { quote, brackets } = before
  for (let at = 0; at < line.length; at++) {
    const sign = line[at] ?? ''
    if (quote !== '') {
      if (sign === '\\') at++
      else if (line.startsWith(quote, at)) {
        at += quote.length - 1
        quote = ''
      }
    } else if (sign === '#') return { quote: '', brackets, joined: false }
    else if (sign === '"' || sign === "'") {
      const triple = sign.repeat(3)
      quote = line.startsWith(triple, at) ? triple : sign
      at += quote.length - 1
    } else if ('([{'.includes(sign)) brackets++
    else if (')]}'.includes(sign)) brackets = Math.max(0, brackets - 1)
  }
  return { quote: quote.length === 3 ? quote : '', brackets, joined: quote.length !== 3 && line.endsWith('\\') }
}
