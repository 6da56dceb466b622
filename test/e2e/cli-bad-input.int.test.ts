import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEMO, Desk } from './kymo.ts'

let desk: Desk
beforeAll(async () => {
  desk = new Desk()
  const run = await desk.run('run', 'arithmetic', '--store', 'full')
  if (run.code !== 0) throw new Error(run.all)
}, 60_000)
afterAll(async () => {
  await desk.run('down', '--store', 'full')
  await desk[Symbol.asyncDispose]()
})

type Refusal = [what: string, args: string[], code: number, ...words: (string | RegExp)[]]

/** What is wrong with a refusal; nothing when it is one sentence on stderr with these words, no stack, nothing on stdout. */
async function faults(args: string[], code: number, ...words: (string | RegExp)[]): Promise<string[]> {
  const { stdout, stderr, code: got } = await desk.run(...args)
  const missing = words.filter((word) => (typeof word === 'string' ? !stderr.includes(word) : !word.test(stderr)))
  const found = [
    got === code ? '' : `exit code ${got}`, stdout === '' ? '' : `on stdout: ${stdout}`, stderr.startsWith('error ') ? '' : 'it does not begin with error',
    /\n\s+at |fault in Kymo/.test(stderr) ? 'a stack' : '', stderr.trim().split('\n').length === 1 ? '' : 'more than one line', ...missing.map((word) => `no ${String(word)}`),
  ].filter((fault) => fault !== '')
  return found.length === 0 ? [] : [...found, stderr]
}

const WRONG: Refusal[] = [
  ['unknown task', ['run', 'arithmatic'], 2, 'no task arithmatic', 'Did you mean arithmetic?'],
  ['unknown agent', ['run', 'arithmetic', '--agent', 'scriptd'], 2, 'no agent scriptd', 'Did you mean scripted?', 'kymo agent list'],
  ['unknown setting of an agent', ['run', 'arithmetic', '--agent', 'scripted', '--agent-config', 'scrip=x', '--store', 'full'], 2, 'script=FILE'],
  ['a script that is not there', ['run', 'arithmetic', '--agent', 'scripted', '--agent-config', 'script=nope.yaml', '--store', 'full'], 2, 'nope.yaml cannot be read'],
  ['unknown flag', ['run', 'arithmetic', '--max-step', '3'], 2, 'no flag --max-step ', 'Did you mean --max-steps?', 'kymo run --help'],
  ['unknown flag of a command in a group', ['workspace', 'diff', '--form', '3'], 2, 'no flag --form for kymo workspace diff', 'Did you mean --from?'],
  ['unknown command', ['verfy'], 2, 'no command kymo verfy', 'Did you mean verify?'],
  ['unknown command of a group', ['task', 'lits'], 2, 'no command kymo task lits', 'Did you mean list?'],
  ['unknown action', ['agent', 'actions', 'Raed File'], 2, 'Did you mean "Read File"?'],
  ['unknown actor', ['actor', 'executer'], 2, 'Did you mean executor?'],
  ['unknown run', ['show', 'ffff', '--store', 'full'], 2, 'no run ffff', /The nearest is [0-9a-f-]+ \(/, 'kymo list'],
  ['unknown file of a workspace', ['workspace', 'cat', 'last', 'trian.py', '--store', 'full'], 2, 'Did you mean train.py?'],
  ['no store yet', ['trace', 'last'], 2, 'no store at .kymo', 'kymo run TASK'],
  ['a bundle that is not there', ['verify', 'nope.kymo'], 2, 'no file nope.kymo'],
]

describe('a wrong command line is answered with the nearest match and what to type, and nothing is begun', () => {
  it.each(WRONG)('%s', async (_what, args, code, ...words) => expect(await faults(args, code, ...words)).toEqual([]))

  it('unknown step', async () => {
    for (const args of [['trace', 'last', '--step', '99'], ['workspace', 'ls', 'last', '--step', '99'], ['workspace', 'diff', 'last', '--from', '99'], ['replay', 'last', '--to', '99']]) {
      expect(await faults([...args, '--store', 'full'], 2, 'no step 99: the run has 2 steps', '--step 2')).toEqual([])
    }
  })
  it('values that do not fit', async () => {
    expect(await faults(['run', 'arithmetic', '--max-steps', 'many'], 2, 'The flag --max-steps cannot be "many"', 'whole number')).toEqual([])
    expect(await faults(['run', 'arithmetic', '--max-time', 'soon'], 2, '90s, 15m')).toEqual([])
    expect(await faults(['run', 'arithmetic', '--profile', 'big'], 2, 'Choose one of small, full')).toEqual([])
    expect(await faults(['run', 'arithmetic', '--sandbox', 'some'], 2, 'Choose one of auto, bwrap, none')).toEqual([])
    expect(await faults(['run', 'arithmetic', '--apart', 'runner'], 2, 'agent, environment, executor, llm-tool, evaluator')).toEqual([])
    expect(await faults(['run', 'arithmetic', '--max-steps'], 2, 'needs a value')).toEqual([])
    expect(await faults(['run', 'arithmetic', 'more'], 2, 'more than kymo run takes')).toEqual([])
    expect(await faults(['workspace', 'diff', 'last', '--step', '1', '--to', '2', '--store', 'full'], 2, 'one or the other')).toEqual([])
    expect(existsSync(join(desk.folder, '.kymo'))).toBe(false)
  })
  it('a value from a variable is blamed on the variable', async () => {
    const said = await desk.start(['run', 'arithmetic'], { KYMO_MAX_STEPS: 'x' }).said
    expect([said.code, said.stderr]).toEqual([2, expect.stringContaining('from KYMO_MAX_STEPS')])
  })
})

describe('what a machine or a store cannot do is one sentence too', () => {
  it.each<Refusal>([
    ['a NATS that does not answer', ['list', '--nats', 'nats://127.0.0.1:9'], 1, 'No NATS at nats://127.0.0.1:9', 'check the address'],
    ['an address that is none', ['list', '--nats', 'http://x'], 2, 'no NATS address'],
  ])('%s', async (_what, args, code, ...words) => expect(await faults(args, code, ...words)).toEqual([]))

  it('a nats-server that is missing', async () => {
    const said = await desk.start(['run', 'arithmetic', '--store', 'without-nats'], { NATS_SERVER: '/nope/nats-server' }).said
    expect(said.code).toBe(1)
    expect(said.stderr).toMatch(/NATS_SERVER is "\/nope\/nats-server".*correct it or unset it/)
  })
  it('a nats-server that is too old', async () => {
    const old = join(desk.folder, 'old-nats')
    writeFileSync(old, '#!/bin/sh\necho "nats-server: v1.4.1"\n', { mode: 0o755 })
    const said = await desk.start(['run', 'arithmetic', '--store', 'old-nats-store'], { NATS_SERVER: old }).said
    expect([said.code, said.stderr]).toEqual([1, expect.stringMatching(/2\.9 or newer/)])
  })
  it('a Python that is missing or too old', async () => {
    expect(await faults(['run', 'arithmetic', '--store', 'full', '--python', '/nope/python'], 1, '/nope/python', 'Install Python')).toEqual([])
    const old = join(desk.folder, 'old-python')
    writeFileSync(old, '#!/bin/sh\necho "Python 2.7.18"\n', { mode: 0o755 })
    expect(await faults(['run', 'arithmetic', '--store', 'full', '--python', old], 1, 'No Python here can run this task')).toEqual([])
  })
  it('a folder that is no store is not made one', async () => {
    mkdirSync(join(desk.folder, 'papers'))
    writeFileSync(join(desk.folder, 'papers/draft.tex'), 'x')
    expect(await faults(['run', 'arithmetic', '--store', 'papers'], 2, 'holds other things, like draft.tex', '--store')).toEqual([])
  })
  it('a store folder that cannot be made', async () => {
    writeFileSync(join(desk.folder, 'file'), 'x')
    expect(await faults(['run', 'arithmetic', '--store', 'file/store'], 1, 'cannot be used', '--store')).toEqual([])
  })
  it('a file that is no bundle', async () => {
    writeFileSync(join(desk.folder, 'noise.kymo'), 'not a bundle')
    expect(await faults(['verify', 'noise.kymo'], 1, 'noise.kymo')).toEqual([])
    expect(await faults(['import', 'noise.kymo', '--store', 'full'], 1, 'noise.kymo')).toEqual([])
  })
  it('a manifest that does not parse', async () => {
    const broken = new Desk({ KYMO_TASKS: join(DEMO, '../../broken') })
    const listed = await broken.run('task', 'list')
    expect(listed.code).toBe(1)
    expect(listed.stdout).toContain('broken')
    const said = await broken.run('run', 'broken-yaml')
    expect([said.code, said.stderr]).toEqual([1, expect.stringMatching(/task\.yaml line \d+/)])
    await broken[Symbol.asyncDispose]()
  })
  it('a locked store: a second service leaves at once, and says so', async () => {
    await desk.run('list', '--store', 'full')
    const said = await desk.run('serve', '--store', 'full')
    expect([said.code, said.stdout]).toEqual([0, expect.stringContaining('another process serves')])
  })
})
