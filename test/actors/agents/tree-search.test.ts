import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { treeSearchAgent } from '../../../actors/agent/tree-search/index.ts'
import { treeSearchConfig } from '../../../actors/agent/tree-search/config.ts'
import { MAX_NODES, bestOf, chanceAt, choose, remember } from '../../../actors/agent/tree-search/nodes.ts'
import type { Node } from '../../../actors/agent/tree-search/nodes.ts'
import { readReview, readSolution } from '../../../actors/agent/tree-search/replies.ts'
import { text } from '../../../actors/protocol.ts'
import { canonicalJson } from '../../../schemas/canonical-json.ts'
import { only, stage, types } from '../../host/stage.ts'
import type { Sent, Stage } from '../../host/stage.ts'

const ROLE = { provider: 'scripted', model: 'm', max_tokens: 4000, account: 'environment' }
const LLM = canonicalJson({ model: ROLE, fast: { ...ROLE, model: 'f' }, edit: ROLE })
const hashOf = (name: string): string => Buffer.from(name.padEnd(32, '.')).toString('hex')
const ROOT = hashOf('root')

const config = (more: object = {}) => treeSearchConfig.parse(more)
const node = (id: number, more: Partial<Node> = {}): Node => ({ id, parent: 0, kind: 'draft', tree: hashOf(`t${id}`), code: {}, output: {}, summary: {}, metric: null, worked: false, repairs: 0, children: 0, ...more })

describe('what is tried next', () => {
  const good = (id: number, metric: number, more: Partial<Node> = {}) => node(id, { worked: true, metric, ...more })

  it('drafts come first, then the best is improved, in the direction that counts', () => {
    expect(choose([], 0, true, config({ drafts: 2 }), [0, 0])).toEqual({ kind: 'draft', parent: undefined })
    const nodes = [good(1, 0.5), good(2, 0.9), good(3, 0.7)]
    expect(choose(nodes, 3, true, config({ drafts: 2 }), [0, 0])).toMatchObject({ kind: 'improve', parent: { id: 2 } })
    expect(choose(nodes, 3, false, config({ drafts: 2 }), [0, 0])).toMatchObject({ kind: 'improve', parent: { id: 1 } })
  })

  it('a solution that failed is repaired before anything when none worked, sometimes when one did, and not forever', () => {
    const failed = node(1)
    expect(choose([failed], 3, true, config(), [0.99, 0])).toMatchObject({ kind: 'debug', parent: { id: 1 } })
    expect(choose([failed, good(2, 1)], 3, true, config(), [0.49, 0])).toMatchObject({ kind: 'debug' })
    expect(choose([failed, good(2, 1)], 3, true, config(), [0.51, 0])).toMatchObject({ kind: 'improve', parent: { id: 2 } })
    expect(choose([node(1, { repairs: 3 })], 3, true, config(), [0, 0])).toMatchObject({ kind: 'draft' })
    expect(choose([node(1, { children: 1 }), good(2, 1)], 3, true, config(), [0, 0])).toMatchObject({ kind: 'improve' })
  })

  it('the best is never forgotten, however many solutions there were', () => {
    fc.assert(fc.property(fc.array(fc.record({ worked: fc.boolean(), metric: fc.double({ min: 0, max: 1, noNaN: true }) }), { minLength: 1, maxLength: 80 }), fc.boolean(), (tries, higher) => {
      let nodes: Node[] = []
      tries.forEach(({ worked, metric }, index) => { nodes = remember(nodes, node(index + 1, { worked, metric: worked ? metric : null }), higher, config()) })
      const metrics = tries.filter(({ worked }) => worked).map(({ metric }) => metric)
      expect(nodes.length).toBeLessThanOrEqual(MAX_NODES)
      expect(bestOf(nodes, higher)?.metric).toBe(metrics.length === 0 ? undefined : higher ? Math.max(...metrics) : Math.min(...metrics))
    }))
  })

  it('chance is a function of seed and number, and spread', () => {
    const numbers = Array.from({ length: 2000 }, (_, n) => chanceAt(7, n))
    expect(numbers).toEqual(Array.from({ length: 2000 }, (_, n) => chanceAt(7, n)))
    expect(numbers).not.toEqual(Array.from({ length: 2000 }, (_, n) => chanceAt(8, n)))
    for (let tenth = 0; tenth < 10; tenth++) expect(numbers.filter((number) => number >= tenth / 10 && number < (tenth + 1) / 10).length).toBeGreaterThan(120)
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers)).toBeLessThan(1)
  })
})

describe('what a reply holds', () => {
  it('the longest Python block is the script, and only a whole one', () => {
    expect(readSolution('A plan.\n```python\nprint(1)\n```', false)).toEqual({ ok: true, plan: 'A plan.', code: 'print(1)\n' })
    expect(readSolution('```bash\npip install everything that there is in the world\n```\n```python\nx = 1\n```', false)).toMatchObject({ ok: true, code: 'x = 1\n' })
    for (const reply of ['', 'no code', '```python\nprint(1)', '```python\n\n```']) expect(readSolution(reply, false).ok, reply).toBe(false)
    expect(readSolution('Plan\n```python\nprint(1)', true)).toMatchObject({ why: expect.stringContaining('cut off') })
  })

  it('a judgement needs a verdict, and a metric that is a number', () => {
    expect(readReview('{"worked": true, "metric": 0.8, "higher_is_better": false, "summary": "fine"}')).toEqual({ worked: true, metric: 0.8, higherIsBetter: false, summary: 'fine' })
    expect(readReview('Sure:\n```json\n{"worked": false, "metric": null}\n```')).toMatchObject({ worked: false, metric: null })
    expect(readReview('{"worked": true, "metric": "NaN"}')?.metric).toBeNull()
    for (const reply of ['', 'it worked', '{"metric": 1}', '[]']) expect(readReview(reply), reply).toBeUndefined()
  })

  it('nothing that a model writes makes it throw', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (reply, cut) => {
      expect(() => { readSolution(reply, cut); readReview(reply) }).not.toThrow()
    }))
  })
})

/** Plays the search against an environment and models that answer by rule. */
async function search(options: { maxSteps?: number; config?: object; solve?: (n: number) => string; judge?: (n: number) => string; run?: (n: number) => { ok: boolean; text: string } }) {
  const agent = stage('agent', treeSearchAgent.logic)
  const actions: { name: string; base: string; args: Record<string, string> }[] = []
  const asked: { role: string; base: string }[] = []
  let solutions = 0
  let judged = 0
  let runs = 0
  let sent: Sent[] = await agent.receive('agent.briefed', {
    problem: text('Do it well.'), agent: 'tree-search', config: canonicalJson(treeSearchConfig.parse(options.config ?? {})), actions: [], entry: 'train.py', seed: 3, specs: text('[]'), llm: LLM,
    limits: { max_steps: options.maxSteps ?? 50, max_time_ms: 0, max_tokens: 0, max_cost_usd: 0 },
  })
  let largest = 0
  for (let turn = 0; turn < 5000; turn++) {
    largest = Math.max(largest, canonicalJson(agent.context).length)
    const [message] = sent
    if (message === undefined || sent.length !== 1) return { agent, actions, asked, sent, largest }
    if (message.type === 'completion.requested') {
      const { role, call } = message.data
      asked.push({ role, base: message.data.base?.ref ?? '' })
      const reply = role === 'fast' ? (options.judge ?? ((n) => `{"worked": true, "metric": ${n / 100}, "higher_is_better": true, "summary": "number ${n}"}`))(++judged) : (options.solve ?? ((n) => `Plan ${n}.\n\`\`\`python\nprint(${n})\n\`\`\``))(++solutions)
      sent = await agent.receive('completion.delivered', { call, ok: true, reply: text(reply), stop_reason: 'stop' }, { from: message.to })
    } else if (message.type === 'action.requested') {
      const { call, name, base, arguments: args } = message.data
      actions.push({ name, base, args: JSON.parse(args?.text ?? '{}') as Record<string, string> })
      if (name === 'Final Answer') return { agent, actions, asked, sent, largest }
      const ran = name === 'Execute Script' ? (options.run ?? (() => ({ ok: true, text: `ran` })))(++runs) : { ok: true, text: 'done' }
      const tree = name === 'Execute Script' ? hashOf(`ran ${runs}`) : name === 'Write File' ? hashOf(`wrote ${runs}`) : ROOT
      sent = await agent.receive('observation.delivered', { call, step: actions.length, observation: text(ran.text), tree, ok: ran.ok, final: false, code: '' }, { from: 'environment' })
    } else return { agent, actions, asked, sent, largest }
  }
  throw new Error('the search does not end')
}

describe('the search', () => {
  it('looks, drafts on the task\'s own tree, improves on the best one\'s, and hands the best one in', async () => {
    const { actions } = await search({ config: { drafts: 2, max_nodes: 4 }, judge: (n) => `{"worked": true, "metric": ${[0.5, 0.9, 0.7, 0.6][n - 1] ?? 0}, "higher_is_better": true, "summary": "s"}` })
    expect(actions.map(({ name }) => name)).toEqual(['List Files', 'Read File', 'Write File', 'Execute Script', 'Write File', 'Execute Script', 'Write File', 'Execute Script', 'Write File', 'Execute Script', 'Final Answer'])
    expect(actions.filter(({ name }) => name === 'Write File').map(({ base }) => base)).toEqual([ROOT, ROOT, hashOf('ran 2'), hashOf('ran 2')])
    expect(actions.at(-1)).toMatchObject({ base: hashOf('ran 2'), args: { final_answer: expect.stringContaining('Solution 2 of 4') } })
  })

  it('repairs a solution that failed on that solution\'s own tree; a judge cannot talk a failure into success', async () => {
    const { actions } = await search({ config: { drafts: 1, max_nodes: 3 }, run: (n) => ({ ok: n > 1, text: `run ${n}` }) })
    expect(actions.filter(({ name }) => name === 'Write File').map(({ base }) => base)).toEqual([ROOT, hashOf('ran 1'), hashOf('ran 2')])
    expect(actions.at(-1)?.base).toBe(hashOf('ran 3'))
  })

  it('keeps a step for handing in', async () => {
    for (const maxSteps of [3, 4, 5, 6, 9, 20]) {
      const { actions } = await search({ maxSteps, config: { max_nodes: 1000 } })
      expect([actions.length <= maxSteps, actions.at(-1)?.name]).toEqual([true, 'Final Answer'])
    }
  })

  it('asks again when there is no script in a reply, and gives up when there never is one', async () => {
    const again = await search({ config: { drafts: 1, max_nodes: 1 }, solve: (n) => (n === 1 ? 'let me think' : 'Plan.\n```python\nprint(2)\n```') })
    expect(again.actions.at(-1)?.name).toBe('Final Answer')
    const never = await search({ solve: () => 'I would rather not' })
    expect(only(never.sent, 'agent.gave_up').error).toMatchObject({ source: 'agent', code: 'no_valid_reply' })
  })

  it('gives up with the provider\'s own error when that is final', async () => {
    const agent: Stage = stage('agent', treeSearchAgent.logic)
    await agent.receive('agent.briefed', { problem: text('p'), agent: '', config: canonicalJson(config()), actions: [], entry: 'train.py', seed: 1, specs: text('[]'), llm: LLM })
    for (const call of [1, 2]) await agent.receive('observation.delivered', { call, step: call, observation: text('x'), tree: ROOT, ok: true, final: false, code: '' }, { from: 'environment' })
    const sent = await agent.receive('completion.delivered', { call: 3, ok: false, stop_reason: 'error', error: { source: 'provider', code: 'authentication', message: 'the key is wrong' } }, { from: 'llm-tool/7' })
    expect(types(sent)).toEqual(['agent.gave_up'])
    expect(only(sent, 'agent.gave_up').error?.code).toBe('authentication')
  })

  it('hands in the task\'s own files when nothing worked', async () => {
    const { actions } = await search({ config: { max_nodes: 2 }, run: () => ({ ok: false, text: 'Traceback' }) })
    expect(actions.at(-1)).toMatchObject({ name: 'Final Answer', base: ROOT, args: { final_answer: expect.stringContaining('None of 2') } })
  })

  it('keeps a small context over 300 steps and more', async () => {
    const { actions, largest } = await search({ maxSteps: 0, config: { max_nodes: 200 }, run: (n) => ({ ok: n % 3 !== 0, text: `run ${n}` }) })
    expect(actions.length).toBeGreaterThan(300)
    expect(largest).toBeLessThan(16 * 1024)
  })
})
