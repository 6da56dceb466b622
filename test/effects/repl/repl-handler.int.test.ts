import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ExecutionOutcome, ExecutionSpec } from '../../../schemas/generated/events.ts'
import { formatTree } from '../../../schemas/tree.ts'
import type { Attempt } from '../../../src/effects/attempt.ts'
import { MachineRoom, pythonKey } from '../../../src/effects/machine-room.ts'
import { replHandler } from '../../../src/effects/repl/index.ts'
import { DEFAULT_SCRIPT_LIMITS } from '../../../src/effects/sandbox/index.ts'
import { loadTree } from '../../../src/workspace/index.ts'
import { LocalStore } from '../../crash/local-store.ts'
import type { LocalClient } from '../../crash/local-client.ts'

const RUN = '01890000-0000-7000-8000-00000000000a'

type Done = Partial<ExecutionOutcome> & { out: string; err: string; error?: string }
interface Asked { tree?: string; session?: number; commands?: number; runId?: string; signal?: AbortSignal }

let home: string
let store: LocalStore
let client: LocalClient
let room: MachineRoom
let repl: ReturnType<typeof replHandler>
let empty: string
/** what the environment would ask with next */
let next: { tree: string; session: number; commands: number }

const text = async (ref: string | undefined): Promise<string> => (ref === undefined ? '' : Buffer.from(await client.blobs.get(ref)).toString())

async function ask(code: string, { runId = RUN, signal = new AbortController().signal, ...asked }: Asked = {}): Promise<Done> {
  const spec: ExecutionSpec = {
    script: '', arguments: [], layers: [], limits: JSON.stringify({ limits: { ...DEFAULT_SCRIPT_LIMITS, wallMs: 2000 }, variables: {}, network: false }), python_key: pythonKey({ pip: [], debian: [], requires: '>=3.9' }),
    mode: 'repl', command: { ref: await client.blobs.put(Buffer.from(code)), bytes: code.length }, ...next, ...asked,
  }
  const request = { kind: 'execution', call: 1, max_attempts: 1, retry_of: '', execution: spec }
  const attempt = { client, runId, effectId: 'e', request, event: {} as Attempt['event'], attempt: 1, signal, put: (bytes: Uint8Array) => client.blobs.put(bytes), output: () => undefined }
  const settled = await repl.handle(attempt)
  if (!settled.ok) return { out: '', err: '', error: settled.error.code }
  const { execution } = settled.outcome
  if (execution === undefined) throw new Error('no outcome')
  next = { tree: execution.tree, session: execution.session ?? 0, commands: execution.fresh === true ? 1 : next.commands + 1 }
  return { ...execution, out: await text(execution.stdout?.text?.ref), err: await text(execution.stderr?.text?.ref) }
}
const files = async (tree: string | undefined): Promise<Record<string, string>> =>
  Object.fromEntries(await Promise.all([...(await loadTree(tree ?? '', client.blobs)).values()].map(async ({ path, sha256 }) => [path, await text(sha256)] as const)))
const treeOf = async (content: Record<string, string>): Promise<string> => client.blobs.put(Buffer.from(formatTree(await Promise.all(
  Object.entries(content).map(async ([path, body]) => ({ path, kind: 'file' as const, mode: 0o644 as const, sha256: await client.blobs.put(Buffer.from(body)), size: body.length }))))))

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'kymo-room-'))
  store = new LocalStore(join(home, 'store'))
  client = store.connect()
  room = new MachineRoom({ work: join(home, 'work') })
  repl = replHandler(room, client.blobs)
  empty = await treeOf({})
  next = { tree: empty, session: 0, commands: 0 }
})
afterEach(async () => {
  await repl.close()
  room.close()
  store.close()
  rmSync(home, { recursive: true, force: true })
})

it('the first command begins session 1, and the next ones find its variables', async () => {
  expect(await ask('x = 41')).toMatchObject({ reason: 'finished', fresh: true, session: 1, started: '', tree: empty })
  expect(await ask('x + 1')).toMatchObject({ reason: 'finished', fresh: false, session: 1, started: '', out: '42\n' })
})

it('a command begins on exactly its tree and ends with the one it left, whatever else has changed the workspace meanwhile', async () => {
  const first = await ask('open("a.txt", "w").write("one"); import os; os.symlink("a.txt", "link")')
  expect(await files(first.tree)).toEqual({ 'a.txt': 'one' })
  expect(first.dropped).toEqual([expect.stringMatching(/^link: /)])
  const other = await treeOf({ 'a.txt': 'two', 'lib.py': 'value = 5\n' })
  const second = await ask('import lib\nprint(open("a.txt").read(), lib.value)', { tree: other })
  expect([second.out, second.tree]).toEqual(['two 5\n', other])
  expect((await ask('sorted(os.listdir("."))', { tree: first.tree ?? '' })).out).toBe("['a.txt']\n")
})

it('what threads and children would write between commands they write into the next one', async () => {
  const before = await ask('import subprocess, sys, time\nchild = subprocess.Popen([sys.executable, "-c", "import time\\ntime.sleep(0.3)\\nopen(\'late.txt\', \'w\').write(\'late\')"])')
  await sleep(500)
  expect(await files(before.tree)).toEqual({})
  const after = await ask('child.wait()')
  expect(await files(after.tree)).toEqual({ 'late.txt': 'late' })
})

it('after a session was killed the next command says why it had to begin anew', async () => {
  await ask('x = 1')
  const ways = [
    ['import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nopen("half.txt", "w").write("half")\nwhile True: time.sleep(1)', 'timed_out', /time limit/],
    ['import os\nos._exit(0)', 'exited', /ended itself/],
    ['import os\nfor fd in range(3, 40):\n    try: os.write(fd, b"\\xff" * 8)\n    except OSError: pass\nimport time; time.sleep(9)', 'protocol_error', /disturbed/],
  ] as const
  for (const [index, [code, reason, why]] of ways.entries()) {
    const killed = await ask(code)
    expect(killed).toMatchObject({ reason, session: index + 1 })
    expect(await files(killed.tree)).toEqual({ 'half.txt': 'half' })
    const again = await ask('"x" in dir(), open("half.txt").read()')
    expect(again).toMatchObject({ fresh: true, session: index + 2, started: expect.stringMatching(why), out: "(False, 'half')\n" })
    expect(await ask('1')).toMatchObject({ fresh: false, session: index + 2 })
  }
})

it('a session that another process held, or that ran what is not in the record, is begun anew', async () => {
  await ask('x = 1')
  await repl.close()
  repl = replHandler(room, client.blobs)
  expect(await ask('"x" in dir()')).toMatchObject({ fresh: true, session: 2, started: expect.stringMatching(/resumed, forked/), out: 'False\n' })
  await ask('x = 2')
  expect(await ask('"x" in dir()', { session: 7 })).toMatchObject({ fresh: true, session: 8, out: 'False\n' })
  await ask('x = 3')
  expect(await ask('"x" in dir()', { commands: 1 })).toMatchObject({ fresh: true, session: 9, started: expect.stringMatching(/record/), out: 'False\n' })
})

it('runs do not see each other', async () => {
  await ask('x = 1\nopen("mine", "w").write("1")')
  expect(await ask('import os\n"x" in dir(), os.listdir(".")', { runId: '01890000-0000-7000-8000-00000000000b', tree: empty, session: 0, commands: 0 })).toMatchObject({ fresh: true, session: 1, out: "(False, [])\n" })
})

it('a cancelled command leaves no change, and its session is over', async () => {
  await ask('x = 1')
  const controller = new AbortController()
  const going = ask('open("half.txt", "w").write("half")\nimport time; time.sleep(60)', { signal: controller.signal })
  while (!existsSync(join(room.folder(), RUN, 'repl', 'half.txt'))) await sleep(20)
  controller.abort()
  expect(await going).toMatchObject({ reason: 'cancelled', tree: empty })
  expect(await ask('import os\n"x" in dir(), os.listdir(".")')).toMatchObject({ fresh: true, session: 2, out: '(False, [])\n' })
  expect(await ask('1', { signal: controller.signal })).toMatchObject({ error: 'cancelled' })
})

it('when the process ends, its sessions end and their directories go', async () => {
  await ask('import subprocess; subprocess.Popen(["sleep", "7773334"])')
  await repl.close()
  const left = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => { try { return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('7773334') } catch { return false } })
  expect(left).toEqual([])
  expect(readdirSync(join(room.folder(), RUN))).toEqual([])
})
