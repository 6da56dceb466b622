import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { parse } from 'yaml'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { ROLES, llmSettings, roleSettings, scriptedReplies } from '../../../schemas/completion.ts'
import type { LlmSettings, Role, RoleSettings } from '../../../schemas/completion.ts'
import { KymoError, messageOf } from '../../../schemas/errors.ts'
import type { BlobName } from '../../../schemas/record.ts'
import type { BlobStore } from '../../blobs/index.ts'
import { withKnown } from '../completion/index.ts'

/** The models of a run as a person names them: PROVIDER/MODEL. */
export interface ModelChoice {
  model: string
  fast?: string
  edit?: string
  baseUrl?: string
  /** roles whose equal requests are answered from the store's cache */
  cache?: readonly Role[]
  /** US dollars per million tokens, for models without a known price */
  price?: { input: number; output: number }
  /** a limit of tokens or money holds: the environment is told of everything that is used */
  counted?: boolean
  /** `temperature=0.2` for all roles, `edit.max_tokens=8000` for one */
  settings?: Readonly<Record<string, string>>
}

export interface ModelSources {
  keys: (name: string) => string | undefined
  blobs: BlobStore
  /** answers of an earlier run or of a file, as a list in the store */
  recorded: (source: string) => Promise<{ llm: LlmSettings; answers: BlobName }>
}

/** The same for every provider: differing defaults would make models look different (the paper's implementation had that). */
const DEFAULTS: Readonly<Record<Role, Pick<RoleSettings, 'temperature' | 'max_tokens'>>> = {
  // What a model thinks before it answers counts as well.
  model: { temperature: 0.5, max_tokens: 16_000 },
  fast: { temperature: 0.01, max_tokens: 8000 },
  edit: { temperature: 0.01, max_tokens: 16_000 },
}

/** Providers, with the variable that holds their key. */
const KEYS: Readonly<Record<string, { key?: string; optional?: boolean }>> = {
  openai: { key: 'OPENAI_API_KEY' }, anthropic: { key: 'ANTHROPIC_API_KEY' }, 'openai-compatible': { key: 'OPENAI_COMPATIBLE_API_KEY', optional: true }, scripted: {}, recorded: {},
}
const PROVIDERS = Object.keys(KEYS)

const refuse = (message: string, cause?: unknown): KymoError => new KymoError('KYMO_MODEL', message, { cause })

/** PROVIDER/MODEL; the provider of a name that only one of them uses may be left out. */
export function parseModel(name: string): { provider: string; model: string } {
  const at = name.indexOf('/')
  const provider = at < 0 ? '' : name.slice(0, at)
  if (PROVIDERS.includes(provider)) {
    const model = name.slice(at + 1)
    if (model === '') throw refuse(`"${name}" names no model. Write ${provider}/MODEL`)
    return { provider, model }
  }
  if (/^claude\b/i.test(name)) return { provider: 'anthropic', model: name }
  if (/^(gpt|chatgpt|o\d)\b/i.test(name)) return { provider: 'openai', model: name }
  throw refuse(`"${name.slice(0, 80)}" names no provider. Write PROVIDER/MODEL with one of ${PROVIDERS.join(', ')}, like anthropic/claude-sonnet-5-5 or openai-compatible/llama3 with --base-url`)
}

/** `edit.max_tokens=8000` -> the role (undefined: all), the setting, its value. Throws KYMO_MODEL. */
export function roleOverride(key: string, value: string): { role: Role | undefined; setting: string; value: unknown } {
  const [first = '', second] = key.split('.', 2)
  const role = second === undefined ? undefined : ROLES.find((one) => one === first)
  if (second !== undefined && role === undefined) throw refuse(`"${first}" is no role. The roles are ${ROLES.join(', ')}, as in edit.max_tokens=8000`)
  const setting = second ?? first
  if (!OWN.includes(setting)) throw refuse(`a model has no setting "${setting}". The settings are ${OWN.join(', ')}, for one role as in edit.${OWN[1] ?? ''}=8000`)
  let parsed: unknown = value
  try {
    parsed = JSON.parse(value)
  } catch {
    // a text
  }
  return { role, setting, value: parsed }
}
const OWN: readonly string[] = ['temperature', 'max_tokens', 'stream', 'effort', 'timeout_ms', 'patience_ms', 'base_url', 'delay_ms']

/** Looks at names and keys alone, before anything is made. Throws KYMO_MODEL and KYMO_NO_KEY as chooseModels would. */
export function checkModels(choice: ModelChoice, keys: ModelSources['keys']): void {
  for (const name of [choice.model, choice.fast, choice.edit]) if (name !== undefined) requireKey(parseModel(name).provider, keys)
  for (const [key, value] of Object.entries(choice.settings ?? {})) roleOverride(key, value)
}

/** Looks whether a run that was begun before finds its keys here: without them it would end for good. Throws KYMO_NO_KEY. */
export function checkKeys(llm: string, keys: ModelSources['keys']): void {
  const settings = llmSettings.safeParse(JSON.parse(llm))
  if (settings.success) for (const { provider } of Object.values(settings.data)) requireKey(provider, keys)
}

/** Settings of every role, ready to be recorded. Throws KYMO_MODEL, KYMO_NO_KEY and what reading a file throws; each says what to type. */
export async function chooseModels(choice: ModelChoice, sources: ModelSources): Promise<{ llm: LlmSettings; named: BlobName[] }> {
  const named: BlobName[] = []
  const roles = await Promise.all(ROLES.map(async (role) => {
    const found = await roleOf(role, choice[role] ?? choice.model, choice, sources)
    named.push(...found.named)
    return [role, found.settings] as const
  }))
  const llm = Object.fromEntries(roles) as LlmSettings
  return { llm, named: named.filter(({ hash }, index) => named.findIndex((one) => one.hash === hash) === index) }
}

async function roleOf(role: Role, name: string, choice: ModelChoice, sources: ModelSources): Promise<{ settings: RoleSettings; named: BlobName[] }> {
  const { provider, model } = parseModel(name)
  const base: Record<string, unknown> = { provider, model, ...DEFAULTS[role], account: choice.counted === true ? 'environment' : '' }
  if (choice.cache?.includes(role) === true) base['cache'] = true
  if (choice.price !== undefined) base['price'] = choice.price
  const overrides = Object.entries(choice.settings ?? {}).map(([key, value]) => roleOverride(key, value))
  // What is said of one role wins over what is said of all.
  for (const wanted of [undefined, role]) for (const override of overrides) if (override.role === wanted) base[override.setting] = override.value
  const named: BlobName[] = []
  if (provider === 'scripted') {
    const { settings, blob } = await scripted(model, sources.blobs)
    Object.assign(base, settings)
    if (blob !== undefined) named.push(blob)
  } else if (provider === 'recorded') {
    const { llm, answers } = await sources.recorded(model)
    const { provider: as, ...original } = llm[role]
    Object.assign(base, original, { provider, as: original.as ?? as, answers: answers.hash })
    named.push(answers)
  } else {
    requireKey(provider, sources.keys)
    const url = base['base_url'] ?? choice.baseUrl ?? (provider === 'openai-compatible' ? sources.keys('OPENAI_COMPATIBLE_BASE_URL') : undefined)
    if (url !== undefined) base['base_url'] = checkedUrl(String(url))
    else if (provider === 'openai-compatible') throw refuse(`openai-compatible/${model} needs the address of its server: --base-url http://127.0.0.1:8000/v1, or OPENAI_COMPATIBLE_BASE_URL in the environment or in .env`)
  }
  const parsed = roleSettings.safeParse(base)
  if (!parsed.success) throw refuse(`the setting ${parsed.error.issues[0]?.path.join('.') ?? ''} of the model for ${role} does not fit: ${parsed.error.issues[0]?.message ?? ''}`)
  return { settings: provider === 'recorded' ? parsed.data : withKnown(parsed.data), named }
}

function requireKey(provider: string, keys: ModelSources['keys']): void {
  const { key, optional = false } = KEYS[provider] ?? {}
  if (key === undefined || optional || (keys(key) ?? '') !== '') return
  throw new KymoError('KYMO_NO_KEY', `${provider} needs a key, and ${key} is not set. Put "export ${key}=..." into your shell, or a line ${key}=... into .env in this folder`)
}

/** A server's address; a password in it would end up in the record. */
function checkedUrl(text: string): string {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw refuse(`"${text.slice(0, 100)}" is no address of a server. Write it like http://127.0.0.1:8000/v1`)
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refuse(`a model server is reached by http or https, not by ${url.protocol}`)
  if (url.username !== '' || url.password !== '') throw refuse('the address of a model server is recorded, so it may hold no password: put the key into OPENAI_COMPATIBLE_API_KEY')
  return text.replace(/\/+$/, '')
}

const MODULE = /\.[cm]?js$/

async function scripted(path: string, blobs: BlobStore): Promise<{ settings: Partial<RoleSettings>; blob?: BlobName }> {
  if (!existsSync(path)) throw refuse(`there is no file ${path} with replies; scripted/FILE names a YAML or JSON file, or a module`)
  if (MODULE.test(path)) return { settings: { model: basename(path), module: resolve(path) } }
  let content: unknown
  try {
    content = parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw refuse(`the replies in ${path} cannot be read (${messageOf(cause)})`, cause)
  }
  const fits = scriptedReplies.safeParse(content)
  if (!fits.success) throw refuse(`the replies in ${path} do not fit at ${fits.error.issues[0]?.path.join('.') || 'the top'}: ${fits.error.issues[0]?.message ?? ''}. It is a list of replies, or {replies: [...], fast: [{when, reply}], edit: [{when, reply}]}`)
  const bytes = Buffer.from(canonicalJson(content))
  const hash = await blobs.put(bytes)
  return { settings: { model: basename(path), replies: hash }, blob: { hash, kind: 'bytes', bytes: bytes.length } }
}
