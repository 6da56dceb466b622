import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { usageError } from './usage-error.ts'
import { messageOf } from '../../schemas/errors.ts'

/** What a `.env` file says and the environment does not. Keys of providers stay here: what is not in process.env, no child can inherit. */
const kept = new Map<string, string>()

/** Keys of model providers, by the names that their own tools use. */
const PROVIDER_KEY = /_API_KEY$/

/** Takes the keys out of the environment: what this process starts (the store's service, nats-server, interpreters) never has them. */
export function keepKeys(environment: NodeJS.ProcessEnv = process.env): void {
  for (const [name, value] of Object.entries(environment)) {
    if (!PROVIDER_KEY.test(name) || value === undefined) continue
    kept.set(name, value)
    delete environment[name]
  }
}

/** A setting of this process: the environment first, then `.env`. */
export const setting = (name: string): string | undefined => process.env[name] ?? kept.get(name)

/** Names that are settings of Kymo itself, not secrets, and may be seen by its own processes. */
const OURS = /^(KYMO_[A-Z0-9_]+|NATS_SERVER|NO_COLOR|FORCE_COLOR)$/
const SECRET = /KEY|TOKEN|SECRET|PASSWORD/

/** Reads ./.env if there is one. The environment wins. */
export async function readDotenv(file = resolve('.env'), environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  if (!existsSync(file)) return
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw usageError(`The file ${file} cannot be read (${messageOf(error)}). Make it readable, or move it away.`)
  }
  const { parse } = await import('dotenv')
  for (const [name, value] of Object.entries(parse(text))) {
    if (environment[name] !== undefined) continue
    if (OURS.test(name) && !SECRET.test(name)) environment[name] = value
    else kept.set(name, value)
  }
}
