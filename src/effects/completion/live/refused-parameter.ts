import type { ErrorBody } from './classify.ts'

/** Parameters that a request can do without, by the names that errors use. */
const NAMES: Readonly<Record<string, string>> = {
  max_completion_tokens: 'max_completion_tokens', max_tokens: 'max_tokens', temperature: 'temperature', stop_sequences: 'stop', stop: 'stop', stream_options: 'stream_options', cache_control: 'cache_control', output_config: 'effort',
}

const REFUSED = /unsupported|not supported|does not support|doesn't support|not permitted|not allowed|deprecated|unrecognized|unknown (?:parameter|field|argument|name)|unexpected (?:keyword|field|argument|property)|extra inputs|extra fields|does not (?:accept|allow)|only the default|cannot be used|incompatible with|invalid (?:parameter|argument)/i

/** The parameter that a model refuses, as CompletionSpec.omit names it; undefined when the error is about something else. */
export function refusedParameter({ message, code, param, type }: ErrorBody): string | undefined {
  if (!REFUSED.test(`${message} ${code} ${type}`) && !/^unsupported_/.test(code)) return undefined
  if (param === 'reasoning_effort' || /reasoning_effort/.test(message)) return /tool|function/i.test(message) ? 'reasoning_with_tools' : 'effort'
  const named = NAMES[param.split('.')[0] ?? '']
  if (named !== undefined) return named
  // "Use 'max_completion_tokens' instead" names the one that is wanted as well: the first is the one that is refused.
  const mentions = Object.keys(NAMES).map((name) => ({ name, at: message.search(new RegExp(`(?<![\\w])${name}(?![\\w])`)) })).filter(({ at }) => at >= 0).toSorted((a, b) => a.at - b.at)
  if (mentions[0] !== undefined) return NAMES[mentions[0].name]
  return /'?messages\[\d+\]\.role'? does not support 'system'|system (?:role|message|prompt|instruction)s? (?:is |are )?not (?:supported|enabled)|does not support (?:the )?system|developer instruction is not enabled/i.test(message) ? 'system' : undefined
}
