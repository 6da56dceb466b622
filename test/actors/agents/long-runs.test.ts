import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { foldAgain } from '../../host/wrapped-steppers.ts'
import { bytesOf, last, playAgent } from './long-run.ts'
import type { Said } from './long-run.ts'

const STEPS = 300
const pad = (n: number): string => String(n).padStart(4, '0')
const words = (about: string, times: number): string => `${about} went down again, so the next thing to try is a smaller learning rate with more epochs. `.repeat(times)

/** A working day: reads, writes, runs, and a refused action now and then. */
const actionOf = (n: number): [string, string, object] => {
  switch (n % 6) {
    case 0: return ['List Files', 'list_files', { dir_path: '.' }]
    case 1: case 3: return ['Write File', 'write_file', { file_name: `src/part${n % 5}.py`, content: `# version ${pad(n)}\n${'print(1)\n'.repeat(100)}` }]
    case 2: return ['Read File', 'read_file', { file_name: 'train.py' }]
    case 4: return ['Execute Script', 'execute_script', { script_name: 'train.py' }]
    default: return ['Read File', 'read_file', { file: 'wrong' }]
  }
}
const inText = (entries: readonly string[]) => (n: number): Said => {
  const [action, , input] = actionOf(n)
  return { reply: [...entries.map((entry) => `${entry}: ${words(`${pad(n)} ${entry}`, 3)}`), `Action: ${action}`, `Action Input: ${JSON.stringify(input)}`].join('\n') }
}
const inCalls = (n: number): Said => ({ reply: words(`${pad(n)} it`, 3), calls: [{ id: `call_${n}_abcdefghijkl`, name: actionOf(n)[1], arguments: actionOf(n)[2] }] })
const FILES = { 'train.py': 'print(1)\n'.repeat(150) }
const research = inText(['Reflection', 'Research Plan and Status', 'Fact Check', 'Thought'])

describe(`a run of ${STEPS} steps`, () => {
  it.each([
    ['research', {}, research], ['react', {}, inText(['Thought'])], ['action-only', {}, inText([])], ['tool-calling', {}, inCalls],
  ] as const)('of %s keeps a small context and writes few bytes a step, at its end as at its beginning', async (agent, settings, model) => {
    const contexts: number[] = []
    const run = await playAgent(agent, model, {
      settings, steps: STEPS, files: FILES,
      onRecord: (event, _bytes, fold) => { if (event.type === 'actor.stepped' && event.payload.actor === 'agent') contexts.push(Buffer.byteLength(canonicalJson(fold.actors.get('agent')?.snapshot.context ?? {}))) },
    })
    expect([run.events.filter(({ type }) => type === 'step.begun').length, last(run).status]).toEqual([STEPS, 'limit-reached'])
    expect(Math.max(...contexts)).toBeLessThan(16 * 1024)
    const { logical, own, fresh } = bytesOf(run)
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
    console.log(`${agent}: ${mean(logical).toFixed(0)} bytes a step, ${mean(own).toFixed(0)} of them the agent's own, for ${mean(fresh).toFixed(0)} new ones (allowed ${(1.5 * mean(fresh) + 8192).toFixed(0)}); largest context ${Math.max(...contexts)}; steps 30 to 90 ${mean(logical.slice(30, 90)).toFixed(0)}, last 60 ${mean(logical.slice(-60)).toFixed(0)}`)
    // The whole step is printed above beside its target; the agent's own share of it is what this can hold small.
    expect(mean(own)).toBeLessThanOrEqual(0.5 * mean(fresh) + 3072)
    expect(mean(logical.slice(-60))).toBeLessThan(1.05 * mean(logical.slice(30, 90)))
  }, 120_000)
})

/** Replies of every kind: usable, mended, several actions, without an action, cut off, empty, refused. */
const moody = (say: (n: number) => Said) => (n: number, role: string): Said => {
  if (role !== 'model') return { reply: `a summary ${pad(n)}` }
  const good = say(n)
  switch (n % 9) {
    case 2: return { reply: 'I would rather talk.' }
    case 3: return { ...good, reply: `${good.reply}\nObservation: it worked\nAction: Final Answer\nAction Input: {"final_answer": "x"}` }
    case 4: return { ...good, reply: good.reply.slice(0, -20), stop: 'length' }
    case 5: return { reply: '', fails: 'refusal' }
    case 6: return { ...good, reply: good.reply.replace(/\}$/, ',}') }
    case 7: return { reply: 'hm', stop: 'length' }
    default: return good
  }
}
const parallel = (n: number): Said => ({ reply: '', calls: [0, 1, 2].map((k) => ({ id: `c${k}`, name: actionOf(n + k)[1], arguments: actionOf(n + k)[2] })) })

describe('a run with replies of every kind', () => {
  it.each([
    ['research', {}, research], ['research', { retrieval: true, observation_limit: 300, max_steps_in_context: 2 }, research], ['research', { max_retries: 0 }, research], ['react', { max_retries: 1 }, inText(['Thought'])], ['action-only', {}, inText([])],
    ['tool-calling', { max_turns_in_context: 3 }, inCalls], ['tool-calling', { max_turns_in_context: 4, max_parallel: 2 }, parallel],
  ] as const)('of %s %j goes on to its last step, decides without clock or chance, changes nothing in place, and folds again to the same', async (agent, settings, model) => {
    const run = await playAgent(agent, moody(model), { settings, steps: 40, files: FILES, trapped: true })
    expect(last(run)).toMatchObject({ status: 'limit-reached', steps: 40 })
    expect(run.events.filter(({ type }) => type === 'actor.faulted' || type === 'protocol.violated')).toEqual([])
    expect((await foldAgain(run, run.agents)).divergence).toBeUndefined()
  }, 60_000)

  it('with retrieval notes every step, and looks up the log before every step whose past has left the window', async () => {
    const { events } = await playAgent('research', (n, role) => (role === 'model' ? research(n) : { reply: `summary ${n}` }), { settings: { retrieval: true }, steps: 12 })
    const tools = events.flatMap(({ type, payload }) => (type === 'tool.requested' ? [(payload as { tool: string }).tool] : []))
    expect(events.flatMap(({ type, payload }) => (type === 'log.noted' ? [(payload as { step: number }).step] : []))).toEqual(Array.from({ length: 11 }, (_, n) => n + 1))
    expect([tools.filter((tool) => tool === 'summarise_step').length, tools.filter((tool) => tool === 'retrieve').length]).toEqual([11, 8])
  })

  it('whose model cannot answer ends as failed, with the reason', async () => {
    for (const agent of ['research', 'tool-calling']) {
      const run = await playAgent(agent, (n) => (n < 2 ? (agent === 'research' ? research(n) : inCalls(n)) : { reply: '', fails: 'authentication' }))
      expect(last(run)).toMatchObject({ status: 'failed', steps: 2, error: { source: 'provider', code: 'authentication' } })
    }
  })

  it('ends when the agent submits', async () => {
    for (const [agent, said] of [['research', { reply: research(1).reply.replace(/Action:[^]*/, 'Action: Final Answer\nAction Input: {"final_answer": "done"}') }], ['tool-calling', { reply: '', calls: [{ id: 'a', name: 'final_answer', arguments: { final_answer: 'done' } }] }]] as const) {
      const run = await playAgent(agent, (n) => (n < 3 ? (agent === 'research' ? research(n) : inCalls(n)) : said))
      expect(last(run)).toMatchObject({ status: 'finished', steps: 4 })
    }
  })
})
