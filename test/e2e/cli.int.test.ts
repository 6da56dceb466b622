import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO, Desk, surprise } from './kymo.ts'
import type { Said } from './kymo.ts'

let desk: Desk
let first: Said
beforeAll(async () => {
  desk = new Desk()
  first = await desk.run('run', 'arithmetic', '--agent', 'scripted', '--agent-config', `script=${DEMO}`)
}, 60_000)
afterAll(async () => desk[Symbol.asyncDispose]())

const json = async (...args: string[]): Promise<Record<string, unknown>> => {
  const said = await desk.run(...args, '--json')
  if (said.code !== 0) throw new Error(surprise(said))
  return JSON.parse(said.stdout) as Record<string, unknown>
}

describe('a real run from the command line', () => {
  it('shows its steps, what scripts print, the score beside the baseline and the paper, and where to look next', () => {
    expect(surprise(first)).toBe('')
    expect(first.stdout).toMatch(/ 10 {2}Execute Script +train\.py +\d.* 99 events/)
    expect(first.stdout).toMatch(/\n {10}f: 8 -> 25\n {10}exit 0 after/)
    expect(first.stdout).toMatch(/mean absolute error +0 +4\.167 +\+100\.0 %/)
    expect(first.stdout).toContain('(paper)')
    expect(first.stderr).toBe('')
  })

  it('ends with lines that work when pasted', async () => {
    const lines = [...first.stdout.matchAll(/^ {2}\S*kymo (.*?) {2,}/gm)].map(([, line]) => line ?? '')
    expect(lines).toHaveLength(4)
    for (const line of lines) expect(surprise(await desk.run(...line.split(' ')))).toBe('')
  })

  it('is listed, shown, traced and measured, for people and as one JSON document', async () => {
    const [row] = JSON.parse((await desk.run('list', '--json')).stdout) as Record<string, unknown>[]
    expect(row).toMatchObject({ status: 'finished', task: 'arithmetic', agent: 'scripted', steps: 12, score: { value: 0, higher_is_better: false, success: true } })
    expect((await desk.run('list')).stdout).toMatch(/finished +arithmetic +scripted +12 +0 +\+100\.0 %/)
    expect(await json('show', 'last')).toMatchObject({ run_id: row?.['run_id'], answer: 'y is three times x plus one.', sealed: true, head_hash: row?.['head_hash'] })
    expect(await json('metrics', 'last')).toMatchObject({ steps: 12, lost: 0, actions: { 'Execute Script': { count: 2, ok: 2 } } })
    expect(await json('trace', 'last', '--step', '9')).toMatchObject({ step: 9, action: 'Write File', thought: { text: 'The values suggest slope three and offset one.' } })
    const trace = (await desk.run('trace', 'last')).stdout
    expect(trace).toMatch(/step 3 {2}Execute Script {2}ok/)
    expect((await desk.run('trace', String(row?.['run_id']).slice(0, 14), '--step', '3')).stdout).toContain('6 predictions written')
  })

  it('gives its workspace at any step', async () => {
    expect((await desk.run('workspace', 'ls', 'last', '--step', '0')).stdout).not.toContain('submission.csv')
    expect((await desk.run('workspace', 'ls')).stdout).toContain('submission.csv')
    expect((await desk.run('workspace', 'cat', 'last', './train.py', '--step', '7')).stdout).toBe('raise SystemExit(\'not yet\')\n')
    const step = (await desk.run('workspace', 'diff', 'last', '--step', '6')).stdout
    expect(step).toContain('+Tried slope 2.')
    expect(step).toContain('1 file differs')
    expect((await desk.run('workspace', 'diff', 'last', '--from', '1', '--to', '2')).stdout).toContain('Nothing differs')
    expect(await json('workspace', 'diff', 'last')).toMatchObject({ from: { step: 0 }, to: { step: 12 }, files: [{ path: 'kept/train.py', change: 'added' }, {}, {}, { path: 'train.py', change: 'changed' }] })
    expect((await desk.run('workspace', 'checkout', 'last', 'out')).code).toBe(0)
    expect(readFileSync(join(desk.folder, 'out/submission.csv'), 'utf8')).toContain('f,25')
    const again = await desk.run('workspace', 'checkout', 'last', 'out')
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('name a new or an empty directory')])
  })

  it('is verified and replayed, in the store and as a bundle elsewhere', async () => {
    expect(await json('verify', 'last')).toMatchObject({ ok: true, events: expect.any(Number), first_divergence: null })
    expect((await desk.run('replay', 'last', '--to', '2')).stdout).toContain('2 steps replayed')
    expect((await desk.run('export', 'last', '--out', 'run.kymo')).code).toBe(0)
    const elsewhere = new Desk({ NATS_SERVER: '/nope', PATH: '/nope' })
    const verified = await elsewhere.run('verify', join(desk.folder, 'run.kymo'))
    expect(surprise(verified)).toBe('')
    expect(verified.stdout).toMatch(/^verified/)
    expect((await elsewhere.run('replay', join(desk.folder, 'run.kymo'))).stdout).toContain('12 steps replayed')
    expect(existsSync(join(elsewhere.folder, '.kymo'))).toBe(false)
    await elsewhere[Symbol.asyncDispose]()
    const bytes = readFileSync(join(desk.folder, 'run.kymo'))
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0x20
    writeFileSync(join(desk.folder, 'bent.kymo'), bytes)
    expect((await desk.run('verify', 'bent.kymo')).code).toBe(1)
    expect((await desk.run('verify', '--all')).code).toBe(0)
  })

  it('is taken into another store from its bundle, twice without harm, and verified there', async () => {
    await desk.run('export', 'last', '--out', 'moved.kymo')
    expect(await json('import', 'moved.kymo', '--store', 'other')).toMatchObject({ already: false })
    expect((await desk.run('import', 'moved.kymo', '--store', 'other')).stdout).toContain('already')
    expect((await desk.run('verify', 'last', '--store', 'other')).code).toBe(0)
    expect((await desk.run('list', '--store', 'other')).stdout).toContain('finished')
    await desk.run('down', '--store', 'other')
  })

  it('resumes a finished run by showing its score again', async () => {
    const again = await desk.run('resume', 'last')
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('is finished already')])
    expect(await desk.run('resume')).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing to resume') })
    expect(await json('resume', 'last')).toMatchObject({ status: 'finished', steps: 12 })
  })

  it('prints one JSON document on stdout and progress on stderr', async () => {
    const said = await desk.run('run', 'arithmetic', '--json', '--max-steps', '1')
    expect(surprise(said, 4)).toBe('')
    expect(JSON.parse(said.stdout)).toMatchObject({ status: 'limit-reached', steps: 1, score: { improvement: 0 } })
    expect(said.stderr).toContain('Execute Script')
  })
})

it('takes settings from variables and .env, and keeps a key in .env from every child', async () => {
  writeFileSync(join(desk.folder, '.env'), 'KYMO_AGENT=baseline\nKYMO_MAX_STEPS=1\nOPENAI_API_KEY=sk-secret\nKYMO_API_KEY=sk-other\n')
  try {
    writeFileSync(join(desk.folder, 'look.yaml'), 'actions:\n  - action: Write File\n    args: { file_name: env.py, content: "import os\\nprint(sorted(os.environ))\\nprint(os.environ.get(\'OPENAI_API_KEY\'))" }\n  - action: Execute Script\n    args: { script_name: env.py }\n')
    const said = await desk.run('run', 'arithmetic', '--agent', 'scripted', '--agent-config', 'script=look.yaml', '--max-steps', '2')
    expect(said.all).not.toContain('OPENAI_API_KEY')
    expect((await desk.run('run', 'arithmetic', '--json')).stdout).toContain('"limit-reached"')
  } finally {
    writeFileSync(join(desk.folder, '.env'), '')
  }
})

it('understands MLAgentBench\'s flags and says which have no effect', async () => {
  const said = await desk.run('run', '--task', 'arithmetic', '--agent-type', 'baseline', '--log-dir', 'logs', '--llm-name', 'claude-v1', '--max-time', '18000', '--device', '0')
  expect(surprise(said)).toBe('')
  expect(said.stderr.trim().split('\n')).toEqual([expect.stringContaining('--device has no effect yet'), expect.stringContaining('the agent baseline asks no model, so claude-v1 is not used')])
  expect(existsSync(join(desk.folder, 'logs/store.json'))).toBe(true)
  await desk.run('down', '--store', 'logs')
})

it('leaves an actor to a process of its own', async () => {
  const actor = desk.start(['actor', 'executor'])
  await actor.until('executor serves')
  const said = await desk.run('run', 'arithmetic', '--apart', 'executor')
  expect(surprise(said)).toBe('')
  expect(said.stdout).toContain('6 predictions written')
  actor.child.kill('SIGINT')
  expect((await actor.said).code).toBe(0)
})

it('says in one line that the service was started again, and loses nothing', async () => {
  writeFileSync(join(desk.folder, 'pause.yaml'), 'actions:\n  - action: Write File\n    args: { file_name: pause.py, content: "import time\\nprint(\'paused\', flush=True)\\ntime.sleep(3)\\n" }\n  - action: Execute Script\n    args: { script_name: pause.py }\n')
  const run = desk.start(['run', 'arithmetic', '--agent', 'scripted', '--agent-config', 'script=pause.yaml'])
  await run.until('paused')
  const { pid } = JSON.parse(readFileSync(join(desk.folder, '.kymo/endpoint.json'), 'utf8')) as { pid: number }
  process.kill(pid, 'SIGKILL')
  const said = await run.said
  expect(said.stdout.match(/^note .*service had ended and was started again$/gm)).toHaveLength(1)
  expect((await desk.run('verify', 'last')).code).toBe(0)
})

describe('Ctrl-C', () => {
  const slow = (ticks = 20): string => {
    writeFileSync(join(desk.folder, 'slow.yaml'), 'actions:\n  - action: Write File\n    args: { file_name: slow.py, content: "import time\\nfor i in range(' + String(ticks) + '):\\n    print(\'tick\', i, flush=True)\\n    time.sleep(0.1)\\n" }\n  - action: Execute Script\n    args: { script_name: slow.py }\n  - action: Execute Script\n    args: { script_name: train.py }\n')
    return 'script=slow.yaml'
  }

  it('once: ends scripts and leaves a run that resume finishes', async () => {
    const { child, said, until } = desk.start(['run', 'arithmetic', '--agent', 'scripted', '--agent-config', slow()])
    await until('tick 3')
    child.kill('SIGINT')
    const { code, stdout } = await said
    expect(code).toBe(3)
    expect(stdout).toContain('finishing up... (Ctrl-C again to stop at once)')
    expect(stdout).toMatch(/kymo resume [0-9a-f-]+ /)
    const resumed = await desk.run('resume')
    expect(surprise(resumed)).toBe('')
    expect(resumed.stdout).toContain('tick 19')
    expect((await desk.run('verify', 'last')).code).toBe(0)
  }, 60_000)

  it('twice: stops at once, and the run can be resumed all the same', async () => {
    const { child, said, until } = desk.start(['run', 'arithmetic', '--agent', 'scripted', '--agent-config', slow()])
    await until('tick 3')
    child.kill('SIGINT')
    child.kill('SIGTERM')
    expect((await said).code).toSatisfy((code) => code === 130 || code === 3)
    const resumed = await desk.run('resume')
    expect(surprise(resumed)).toBe('')
  }, 60_000)

  it('is not needed to end a run for good: cancel stops its script, the log says who wished it, and nothing is scored', async () => {
    // Long enough for a second command to start on a busy machine.
    const { said, until } = desk.start(['run', 'arithmetic', '--agent', 'scripted', '--agent-config', slow(150)])
    await until('tick 3')
    expect((await desk.run('cancel', 'last', '--reason', 'wrong data')).stdout).toContain('is told to end')
    const { code, stdout } = await said
    expect(code).toBe(1)
    expect(stdout).toContain('cancelled: wrong data (user)')
    expect(await json('show', 'last')).toMatchObject({ status: 'cancelled', score: null, sealed: true })
    expect((await desk.run('verify', 'last')).code).toBe(0)
    expect(await desk.run('cancel', 'last')).toMatchObject({ code: 1, stderr: expect.stringContaining('has ended already') as string })
  }, 60_000)

  it('and cancel together: a run that nobody serves ends when it is resumed', async () => {
    const { child, said, until } = desk.start(['run', 'arithmetic', '--agent', 'scripted', '--agent-config', slow()])
    await until('tick 3')
    child.kill('SIGINT')
    await said
    expect((await desk.run('cancel', 'last')).stdout).toContain('will end when it is resumed')
    expect((await desk.run('resume', 'last')).stdout).toContain('cancelled')
    expect(await json('show', 'last')).toMatchObject({ status: 'cancelled', sealed: true })
  }, 60_000)
})

it('down ends the service, and says that another command starts it again', async () => {
  await desk.run('list')
  expect((await desk.run('down')).stdout).toContain('ends')
  expect((await desk.run('down')).stdout).toContain('nothing to end')
  expect((await desk.run('list')).code).toBe(0)
})

it('gives help in a few times what Node itself takes to start, with examples for every command', async () => {
  const floor: number[] = []
  const help: number[] = []
  for (let i = 0; i < 5; i++) {
    const begun = performance.now()
    execFileSync(process.execPath, ['-e', '0'])
    floor.push(performance.now() - begun)
    const asked = performance.now()
    expect((await desk.run('--help')).code).toBe(0)
    help.push(performance.now() - asked)
  }
  expect(Math.min(...help) / Math.min(...floor)).toBeLessThan(4)
  for (const command of ['run', 'resume', 'list', 'show', 'trace', 'metrics', 'verify', 'replay', 'export', 'import', 'doctor', 'serve', 'down', 'actor', 'workspace diff', 'task show', 'agent actions']) {
    const said = await desk.run(...command.split(' '), '--help')
    expect(said.code).toBe(0)
    expect(said.stdout).toContain('Examples:')
  }
})

it('lists tasks, agents and actions, and doctor says what there is', async () => {
  expect((await desk.run('task', 'list')).stdout).toContain('arithmetic')
  expect((await desk.run('task', 'show', 'arithmetic')).stdout).toContain('lower is better')
  expect((await desk.run('agent', 'list')).stdout).toContain('research')
  expect((await desk.run('agent', 'show', 'scripted')).stdout).toContain('script')
  expect((await desk.run('agent', 'actions', 'read file')).stdout).toContain('file_name')
  const { rows } = await json('doctor', 'arithmetic')
  expect(rows).toEqual(expect.arrayContaining([expect.objectContaining({ what: 'nats-server', state: 'ok' })]))
})
