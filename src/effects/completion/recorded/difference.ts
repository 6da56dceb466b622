import { canonicalJson } from '../../../../schemas/canonical-json.ts'
import type { Message, ProviderRequest } from '../provider.ts'
import { excerpt } from './excerpt.ts'

type Compared = Pick<ProviderRequest, 'provider' | 'model' | 'messages' | 'tools' | 'temperature' | 'max_tokens' | 'stop' | 'body'> & { settings: { stream?: boolean | undefined } }

const textOf = ({ pieces, toolCalls }: Message): string => [pieces.map(({ text }) => text).join(''), ...toolCalls.map((call) => `call ${canonicalJson(call)}`)].filter((part) => part !== '').join('\n')
const isEqual = (a: Message | undefined, b: Message | undefined): boolean => a !== undefined && b !== undefined && a.role === b.role && a.toolCallId === b.toolCallId && textOf(a) === textOf(b)

/** How many messages at the beginning are equal: the measure of what is nearest. */
export function equalMessages(a: Pick<Compared, 'messages'>, b: Pick<Compared, 'messages'>): number {
  let count = 0
  while (count < a.messages.length && isEqual(a.messages[count], b.messages[count])) count++
  return count
}

/** What differs between a recorded request and the one that is asked now, for people: which message with an excerpt, and which parameters. */
export function differenceOf(recorded: Compared, asked: Compared): string {
  const parts: string[] = []
  for (const name of PARAMS) {
    const [was, is] = [word(recorded, name), word(asked, name)]
    if (was !== is) parts.push(`${name} was ${was} and is ${is}`)
  }
  const tools = toolsDiffer(recorded, asked)
  if (tools !== '') parts.push(tools)
  const at = equalMessages(recorded, asked)
  const [was, is] = [recorded.messages[at], asked.messages[at]]
  if (was !== undefined && is !== undefined) {
    const role = was.role === is.role ? was.role : `${was.role}, now ${is.role}`
    parts.push(`message ${at + 1} of ${asked.messages.length} (${role}) differs:\n--- recorded\n+++ asked\n${excerpt(textOf(was), textOf(is))}`)
  } else if (is !== undefined) parts.push(`message ${at + 1} (${is.role}) was not there:\n${excerpt('', textOf(is))}`)
  else if (was !== undefined) parts.push(`message ${at + 1} (${was.role}) is missing:\n${excerpt(textOf(was), '')}`)
  if (parts.length > 0) return parts.join('; ')
  // The same words in other bytes: breakpoints of a prompt cache, or a Kymo that writes its requests otherwise.
  return recorded.body === asked.body ? 'nothing differs but the bytes that the recording run sent: an earlier Kymo wrote this request otherwise' : `the bytes of the request differ:\n${excerpt(recorded.body, asked.body)}`
}

const PARAMS = ['provider', 'model', 'temperature', 'max_tokens', 'stop', 'stream'] as const
const word = (request: Compared, name: (typeof PARAMS)[number]): string => {
  const value = name === 'stream' ? (request.settings.stream ?? false) : request[name]
  return value === undefined ? 'unset' : canonicalJson(value)
}

function toolsDiffer({ tools: recorded }: Compared, { tools: asked }: Compared): string {
  const names = (tools: Compared['tools']): string[] => tools.map(({ name }) => name)
  const gone = names(recorded).filter((name) => !names(asked).includes(name))
  const added = names(asked).filter((name) => !names(recorded).includes(name))
  if (gone.length > 0 || added.length > 0) return `the tools differ (${[...gone.map((name) => `-${name}`), ...added.map((name) => `+${name}`)].slice(0, 20).join(', ')})`
  const other = asked.find((tool, index) => canonicalJson(tool) !== canonicalJson(recorded[index]))
  return other === undefined ? '' : `the tool ${other.name} is described otherwise, or stands elsewhere`
}
