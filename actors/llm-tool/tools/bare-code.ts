import { OWN_LINE, standingAfter } from './python-lines.ts'
import type { Standing } from './python-lines.ts'

const PROOF = [
  /^import [\w.]+(?: as \w+)?(?:\s*,.*)?\s*(?:#.*)?$/,
  /^from \.*[\w.]* import\b/,
  /^(?:async )?(?:def|class) \w+\s*[:(]/,
  /^(?:if|elif|else|for|while|try|except|finally|with|match|async)\b.*(?::|[([{,\\])\s*(?:#.*)?$/,
  /^(?:if|for|while|with|else|except|finally)\b[^:]*:\s*\w+[\w.]*\s*(?:\(|[-+*/]?=)/,
  /^[A-Za-z_][\w.]*(?:\[[^\]]*\])*(?:\s*,\s*[A-Za-z_*][\w.]*(?:\[[^\]]*\])*)*\s*(?::\s*[\w.[\], |"']+\s*)?(?:[-+*/%@&|^]|\/\/|\*\*|>>|<<)?=(?!=)/,
  /^[A-Za-z_][\w.]*\(/,
]
const ALLOWED = [/^#/, /^@[A-Za-z_]/, /^[rbfuRBFU]{0,2}["']/, /^[)\]}]/, /^(?:pass|raise|assert|del|await|global)\b/]

/**
 * True when a whole text, without any fence, is clearly a program: of Python each line that stands on its own at the margin must
 * have the form of a statement, and one at least must be more than a comment or a string. Of JSON it must parse. Of other kinds no
 * text is clear enough.
 */
export function isBareCode(text: string, fileName: string): boolean {
  if (/\.json$/i.test(fileName)) return parses(text)
  return /\.py$/i.test(fileName) && isPython(text)
}

function isPython(text: string): boolean {
  let standing: Standing = OWN_LINE
  let proven = false
  for (const line of text.split('\n')) {
    const begin = line.slice(0, 500)
    const ownLine = standing.quote === '' && standing.brackets === 0 && !standing.joined && /^\S/.test(line)
    if (ownLine) {
      const statement = PROOF.some((form) => form.test(begin))
      if (!statement && !ALLOWED.some((form) => form.test(begin))) return false
      proven ||= statement
    }
    standing = standingAfter(line, standing)
  }
  return proven && standing.quote === '' && standing.brackets === 0
}

const parses = (text: string): boolean => {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}
