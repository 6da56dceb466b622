import { KymoError } from '../../../schemas/errors.ts'

const quote = (word: string): string => {
  if (/^[\w./=:,@%+-]+$/.test(word)) return word
  return /[\x00-\x1f\x7f]/.test(word) ? JSON.stringify(word) : `'${word.replaceAll("'", `'\\''`)}'`
}

/**
 * Python's own arguments for a script in the workspace: safe for names that begin with a dash or hold a newline.
 * Throws KYMO_BAD_SCRIPT for what is no path inside the workspace.
 */
export function scriptArguments(script: string, args: readonly string[]): string[] {
  const parts = script.split('/')
  if (script === '' || script.startsWith('/') || script.includes('\0') || parts.includes('..') || script.endsWith('/')) {
    throw new KymoError('KYMO_BAD_SCRIPT', `${JSON.stringify(script)} is not the path of a file in the workspace; name a script such as train.py.`)
  }
  const odd = args.find((arg) => arg.includes('\0'))
  if (odd !== undefined) throw new KymoError('KYMO_BAD_SCRIPT', `An argument of ${JSON.stringify(script)} holds a NUL byte, which no command line can carry.`)
  return ['-u', script.startsWith('-') ? `./${script}` : script, ...args]
}

/** The command as the agent reads it: the same on every machine. */
export const startedCommand = (script: string, args: readonly string[]): string => ['python', ...scriptArguments(script, args)].map(quote).join(' ')
