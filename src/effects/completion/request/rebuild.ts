import { z } from 'zod'
import { completionParams, roleSettings } from '../../../../schemas/completion.ts'
import type { RoleSettings } from '../../../../schemas/completion.ts'
import { KymoError } from '../../../../schemas/errors.ts'
import type { CompletionSpec } from '../../../../schemas/generated/events.ts'
import { sha256Hex } from '../../../../schemas/hash.ts'
import { readOnce } from '../../../../schemas/read-once.ts'
import type { ProviderRequest } from '../provider.ts'
import { anthropicBody } from './anthropic-body.ts'
import { toMessages } from './messages.ts'
import { readOmit } from './omit.ts'
import { openaiBody } from './openai-body.ts'
import { readSegments } from './segments.ts'
import type { KnownPrompts, ReadText, Segment } from './segments.ts'
import { shorten } from './shorten.ts'

const toolList = z.array(z.object({ name: z.string(), description: z.string(), parameters: z.record(z.string(), z.unknown()) }))

/**
 * The request of a completion from its record: the very bytes that went over the wire, so that a log can be checked against them
 * later (`request` of its outcome is this `key`). Throws KYMO_PROMPT, KYMO_PARAMS and what `read` throws.
 */
export async function rebuildRequest(spec: CompletionSpec, read: ReadText, tries = 1, known?: KnownPrompts): Promise<ProviderRequest> {
  const { settings, stop, index } = readParams(spec, await paramsOf(spec, read))
  const base = spec.base?.ref === undefined || spec.base.ref === '' ? [] : await readSegments(spec.base.ref, read, known)
  const last: Segment[] = spec.appended?.ref === undefined || spec.appended.ref === '' ? [] : [{ role: 'user', text: await read(spec.appended.ref), toolCalls: [], keep: true, breakpoint: false }]
  const tools = spec.tools?.ref === undefined || spec.tools.ref === '' ? [] : toolList.parse(JSON.parse(await read(spec.tools.ref)))
  const omitted = readOmit([...(settings.omit ?? []), ...spec.omit])
  const provider = settings.provider === 'recorded' ? (settings.as ?? 'openai') : settings.provider
  const { model, temperature } = settings
  const messages = toMessages(shorten([...base, ...last], spec.shorten ?? 0), tools.length > 0)
  const max_tokens = Math.min(settings.max_tokens, omitted.cap)
  const body = (provider === 'anthropic' ? anthropicBody : openaiBody)({ provider, model, messages, tools, temperature, max_tokens, stop, stream: settings.stream === true, effort: settings.effort, omitted })
  return {
    provider, model, messages, tools, ...(temperature === undefined ? {} : { temperature }), max_tokens, stop, settings, body, key: sha256Hex('kymo.completion\0', provider, '\0', body),
    endpoint: settings.base_url ?? '', role: spec.role, nth: spec.nth ?? index, tries,
  }
}

/** A completion's settings as text: stored apart, or in records of the first version in the record itself. */
export const paramsOf = async ({ params, settings }: Pick<CompletionSpec, 'params' | 'settings'>, read: ReadText): Promise<string> => (settings?.ref === undefined || settings.ref === '' ? params : read(settings.ref))

const readParams = ({ provider, model }: CompletionSpec, params: string): { settings: RoleSettings; stop: string[]; index: number } => readTogether(JSON.stringify([provider, model, params]))

/** The first version numbered completions in `index`, among the params. */
const readTogether = readOnce((together) => {
  const [provider, model, params] = JSON.parse(together) as [string, string, string]
  const parsed = completionParams.safeParse({ provider, model, ...(JSON.parse(params) as object) })
  if (!parsed.success) throw new KymoError('KYMO_PARAMS', `the params of a completion do not fit at ${parsed.error.issues[0]?.path.join('.') ?? ''}: ${parsed.error.issues[0]?.message ?? ''}`)
  const { stop = [], ...rest } = parsed.data
  const own = Object.fromEntries(Object.entries(rest).filter(([key]) => key in roleSettings.shape))
  return { settings: roleSettings.parse(own), stop, index: typeof rest['index'] === 'number' ? rest['index'] : 0 }
})
