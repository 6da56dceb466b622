import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { ROLES } from '../../schemas/role-names.ts'
import type { Role } from '../../schemas/role-names.ts'
import type { ModelChoice } from '../effects/index.ts'
import { amount, keyValue, namesOf, wholeNumber } from './arguments.ts'
import { flag } from './flags.ts'

export interface ModelOptions {
  model?: string
  fastModel?: string
  editModel?: string
  baseUrl?: string
  modelConfig?: Record<string, string>
  requestCache?: Role[]
  price?: { input: number; output: number }
  maxTokens?: number
  maxCost?: number
  providerLimits?: string
}

/** The models of a run, and what they may cost. */
export function modelFlags(command: Command): Command {
  flag(command, '--model <provider/model>', 'the agent\'s model, like anthropic/..., openai/..., openai-compatible/...')
  flag(command, '--fast-model <provider/model>', 'the model for summaries, reading and reflection (default: --model)')
  flag(command, '--edit-model <provider/model>', 'the model for edits of scripts (default: --model)')
  flag(command, '--base-url <url>', 'the server of an openai-compatible model (vLLM, Ollama, llama.cpp, ...)')
  flag(command, '--model-config <key=value>', 'a setting of the models, like temperature=0.2 or edit.max_tokens=8000; may be repeated', { read: keyValue })
  flag(command, '--max-tokens <n>', 'end the run when it has used so many tokens, in and out', { read: wholeNumber(1) })
  flag(command, '--max-cost <usd>', 'end the run when it has cost so much', { read: amount })
  flag(command, '--price <in,out>', 'US dollars per million tokens in and out, for a model without a known price', { read: priceOf })
  flag(command, '--request-cache <roles>', `answer equal requests of these roles (${ROLES.join(',')}) from the store's cache`, { read: namesOf(ROLES) })
  return limitsFlag(command)
}

export const limitsFlag = (command: Command): Command =>
  flag(command, '--provider-limits <limits>', 'limits over all runs of the store, like "anthropic=4,50rpm,80000tpm;openai=8"')

function priceOf(text: string): { input: number; output: number } {
  const [input, output, ...more] = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
  if (input === undefined || output === undefined || more.length > 0 || !(input >= 0) || !(output >= 0)) throw new InvalidArgumentError('Write two numbers, US dollars per million tokens in and out, like 3,15.')
  return { input, output }
}

/** What the flags say of the models; undefined when they name none. */
export function modelChoice(options: ModelOptions): ModelChoice | undefined {
  const model = options.model ?? options.fastModel ?? options.editModel
  if (model === undefined) return undefined
  return {
    model, ...(options.fastModel === undefined ? {} : { fast: options.fastModel }), ...(options.editModel === undefined ? {} : { edit: options.editModel }),
    ...(options.baseUrl === undefined ? {} : { baseUrl: options.baseUrl }), ...(options.modelConfig === undefined ? {} : { settings: options.modelConfig }),
    ...(options.requestCache === undefined ? {} : { cache: options.requestCache }), ...(options.price === undefined ? {} : { price: options.price }),
  }
}
