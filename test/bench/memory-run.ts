import { playInMemory } from '../host/in-memory-run.ts'
import type { InMemoryRun } from '../host/in-memory-run.ts'

const pad = (n: number): string => String(n).padStart(6, '0')
const REPLY = 'The loss went down again, so the next thing to try is a smaller learning rate with more epochs. '.repeat(8)

/** Steps as agents take them: a reply of some length, a file written or read, an observation. */
export const workingDay = (steps: number): object[] =>
  Array.from({ length: steps }, (_, n) =>
    n % 3 === 2
      ? { action: 'Read File', args: { file_name: 'train.py' }, thought: `${pad(n)} ${REPLY}` }
      : { action: 'Write File', args: { file_name: `src/part${n % 5}.py`, content: `# version ${pad(n)}\n${'print(1)\n'.repeat(150)}` }, thought: `${pad(n)} ${REPLY}` })

const played = new Map<number, Promise<InMemoryRun>>()
/** The rows on bytes and on replay look at the same run. */
export const memoryRun = (steps: number): Promise<InMemoryRun> => {
  const known = played.get(steps) ?? playInMemory({ actions: workingDay(steps), limits: { max_steps: steps + 10 }, files: { 'train.py': 'print(1)\n'.repeat(200) } })
  played.set(steps, known)
  return known
}
