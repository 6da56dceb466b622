import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const KYMO = fileURLToPath(new URL('../../../deploy/kymo', import.meta.url))
export const TASKS = fileURLToPath(new URL('../../../test/fixtures/tasks', import.meta.url))
/** Scripts of the fixture tasks need nothing but an interpreter. */
export const MACHINE = ['--sandbox', 'none', '--python', 'python3']

export interface Child { lines: () => string[]; says: (word: string) => Promise<string>; go: () => void; stop: () => void; ended: Promise<number> }

/** Starts a built program of this folder, or `kymo` itself, as a process of its own. */
export function start(program: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Child {
  const [command, first] = program === 'kymo' ? [KYMO, []] : [process.execPath, [...process.execArgv, fileURLToPath(new URL(program, import.meta.url))]]
  const child = spawn(command, [...first, ...args], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, KYMO_TASKS: TASKS, ...more } })
  let said = ''
  const listeners = new Set<() => void>()
  const hear = (chunk: Buffer): void => {
    said += chunk.toString()
    for (const listener of listeners) listener()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)))
  return {
    lines: () => said.split('\n').filter((line) => line !== ''),
    says: (word) => new Promise((resolve, reject) => {
      const look = (): void => {
        if (!said.includes(word)) return
        listeners.delete(look)
        resolve(said)
      }
      listeners.add(look)
      look()
      void ended.then((code) => { if (!said.includes(word)) reject(new Error(`${program} ended with ${code} before it said "${word}": ${said.slice(-2000)}`)) })
    }),
    go: () => { child.stdin.write('go\n') },
    stop: () => { child.kill('SIGTERM') },
    ended,
  }
}
