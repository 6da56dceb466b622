import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findPython } from '../../../src/effects/python/index.ts'
import { ReplSession } from '../../../src/effects/repl/index.ts'
import type { ReplCommand, ReplOptions, ReplResult } from '../../../src/effects/repl/index.ts'
import { DEFAULT_SCRIPT_LIMITS, chooseSandbox } from '../../../src/effects/sandbox/index.ts'
import type { Captured, ScriptLimits } from '../../../src/effects/sandbox/index.ts'

type Said = ReplResult & { out: string; err: string }

const text = ({ bytes }: Captured): string => Buffer.from(bytes).toString()
const run = async (session: ReplSession, command: string, options?: ReplCommand): Promise<Said> => {
  const result = await session.run(command, options)
  return { ...result, out: text(result.stdout), err: text(result.stderr) }
}

/** Command lines of live processes that hold `word`. */
const alive = (word: string): string[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return line.includes(word) && !/State:\s+Z/.test(readFileSync(`/proc/${pid}/status`, 'utf8')) ? [line] : []
  } catch { return [] }
})

// The Python on PATH in the sandbox and the system's own without one; KYMO_TEST_PYTHONS names others, for all of both.
const named = process.env['KYMO_TEST_PYTHONS']
const interpreters = await Promise.all((named ?? 'python3:/usr/bin/python3').split(':').map((explicit) => findPython({ explicit, dependencies: { pip: [], debian: [], requires: '>=3.9' } })))
const distinct = interpreters.filter(({ executable }, index) => interpreters.findIndex((other) => other.executable === executable) === index)

const places = (['bwrap', 'none'] as const).flatMap((requested, index) =>
  (named === undefined ? distinct.slice(index === 0 ? 0 : -1).slice(0, 1) : distinct).map((interpreter) => ({ requested, interpreter, version: interpreter.version })))

describe.each(places)('a REPL under $requested with Python $version', ({ requested, interpreter }) => {
  let home: string
  let workspace: string
  const opened: ReplSession[] = []

  const open = async ({ limits = {}, ...options }: Partial<Omit<ReplOptions, 'limits'>> & { limits?: Partial<ScriptLimits> } = {}): Promise<ReplSession> => {
    const session = await ReplSession.open({ sandbox: await chooseSandbox({ requested }), interpreter, directory: workspace, limits: { ...DEFAULT_SCRIPT_LIMITS, ...limits }, ...options })
    opened.push(session)
    return session
  }

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'kymo-room-'))
    workspace = join(home, 'workspace')
    mkdirSync(workspace)
  })
  afterEach(async () => {
    for (const session of opened.splice(0)) await session.close()
    rmSync(home, { recursive: true, force: true })
  })

  it('keeps variables, imports and functions, and shows the value of a last expression', async () => {
    const session = await open()
    expect(await run(session, 'import math\nx = 20')).toMatchObject({ reason: 'finished', ended: false, out: '', err: '', exitCode: 0, signal: '' })
    expect((await run(session, 'def twice(n):\n    return 2 * n\n\ny = twice(x)\ny + 2')).out).toBe('42\n')
    expect((await run(session, 'math.floor(_ / 4), "é中😀"')).out).toBe("(10, 'é中😀')\n")
    expect((await run(session, 'None')).out).toBe('')
    expect((await run(session, '1\n2\nfor i in range(2): i\n')).out).toBe('')
    expect((await run(session, '')).reason).toBe('finished')
    expect((await run(session, '# only a comment')).reason).toBe('finished')
    expect((await run(session, '__name__, twice.__module__, "KYMO_REPL_BARE" in __import__("os").environ')).out).toBe("('__main__', '__main__', False)\n")
  })

  it('gives tracebacks that show the command and nothing of ours, and goes on', async () => {
    const session = await open()
    await run(session, 'def f(n):\n    return 1 / n')
    const failed = await run(session, 'print("before")\nf(0)')
    expect(failed).toMatchObject({ reason: 'raised', ended: false, exitCode: 1, out: 'before\n' })
    expect(failed.err.replace(/^\s*[~^]+\n/gm, '')).toBe('Traceback (most recent call last):\n  File "<command 2>", line 2, in <module>\n    f(0)\n  File "<command 1>", line 2, in f\n    return 1 / n\nZeroDivisionError: division by zero\n')
    const wrong = await run(session, 'x = = 1\ny = 2')
    expect(wrong.reason).toBe('raised')
    expect(wrong.err).toMatch(/^ {2}File "<command 3>", line 1\n.*SyntaxError: .*\n$/s)
    expect((await run(session, 'raise KeyboardInterrupt')).reason).toBe('raised')
    expect((await run(session, 'class Bad(Exception):\n    def __str__(self): raise ValueError\nraise Bad')).err).toMatch(/Bad: <.*(failed|unprintable).*>\n$/)
    expect((await run(session, 'try:\n    1/0\nexcept Exception as e:\n    raise ValueError("chained") from e')).err).not.toContain('repl')
    expect((await run(session, 'x = "\0"')).reason).toBe('raised')
    expect((await run(session, 'f(1)')).out).toBe('1.0\n')
  })

  it('input() finds the end of the input', async () => {
    const session = await open()
    expect((await run(session, 'input("name? ")')).err).toMatch(/EOFError/)
    expect((await run(session, 'import sys, os; sys.stdin.read(), os.read(0, 10)')).out).toBe("('', b'')\n")
  })

  it('sys.exit ends the command with a word, not the session', async () => {
    const session = await open()
    expect(await run(session, 'x = 5\nimport sys\nsys.exit()\nx = 6')).toMatchObject({ reason: 'finished', ended: false, err: '[sys.exit() ended this command; the session goes on with its variables]\n' })
    expect(await run(session, 'exit(3)')).toMatchObject({ reason: 'raised', ended: false })
    expect((await run(session, 'sys.exit("gone wrong")')).err).toMatch(/^gone wrong\n\[sys\.exit/)
    expect((await run(session, 'x')).out).toBe('5\n')
  })

  it('features from __future__ stay on', async () => {
    const session = await open()
    await run(session, 'from __future__ import annotations')
    expect((await run(session, 'def f(x: unknown_name): pass\nf.__annotations__')).out).toBe("{'x': 'unknown_name'}\n")
  })

  it('sees the workspace as the current folder and imports files that were edited without a new time', async () => {
    const session = await open()
    const { utimesSync } = await import('node:fs')
    const write = (value: number): void => {
      writeFileSync(join(workspace, 'mine.py'), `value = ${value}\n`)
      for (const path of ['mine.py', '.']) utimesSync(join(workspace, path), 1, 1)
    }
    expect((await run(session, 'import mine')).err).toMatch(/ModuleNotFoundError/)
    write(1)
    expect((await run(session, 'import mine; mine.value')).out).toBe('1\n')
    write(2)
    expect((await run(session, 'import importlib; importlib.reload(mine).value')).out).toBe('2\n')
    await run(session, 'open("made.txt", "w").write("here")')
    expect(readFileSync(join(workspace, 'made.txt'), 'utf8')).toBe('here')
  })

  it('children, raw writes and prints stand in their order', async () => {
    const session = await open()
    const said = await run(session, 'import os, subprocess, sys\nprint("a")\nos.write(1, b"b\\n")\nsubprocess.run(["echo", "c"])\nprint("d", end="")\nos.system("echo e >&2")\nsys.stderr.write("f")')
    expect([said.out, said.err]).toEqual(['a\nb\nc\nd1\n', 'e\nf'])
    expect((await run(session, 'print("\\x1ekymo-end:")\nos.write(1, b"\\x1ekymo-e"); None')).out).toBe('\x1ekymo-end:\n\x1ekymo-e')
  })

  it('tells output as it comes', async () => {
    const session = await open()
    const heard: string[] = []
    const said = await run(session, 'import os, time\nprint("one")\nwhile not os.path.exists("heard"): time.sleep(0.01)\nprint("two")', {
      onOutput: (stream, chunk) => {
        heard.push(`${stream} ${Buffer.from(chunk).toString()}`)
        writeFileSync(join(workspace, 'heard'), '')
      },
    })
    expect([said.reason, said.out]).toEqual(['finished', 'one\ntwo\n'])
    expect(heard.join('')).toMatch(/^stdout one/)
    expect(heard.join('')).not.toContain('kymo-end')
  })

  it('three megabytes keep their two ends; a flood ends the session', async () => {
    const session = await open({ limits: { outputBytes: 8 * 2 ** 20 } })
    const long = await run(session, 'print("first"); print("x" * 3_000_000); print("last")')
    expect(long).toMatchObject({ reason: 'finished', stdout: { truncated: true, totalBytes: 3_000_012 } })
    expect(long.out).toMatch(/^first\n/)
    expect(long.out).toMatch(/last\n$/)
    expect(long.stdout.bytes.length).toBeLessThanOrEqual(2 ** 20)
    expect((await run(session, '1 + 1')).out).toBe('2\n')
    expect(await run(session, 'while True: print("y" * 100_000)')).toMatchObject({ reason: 'output_limit', ended: true, exitCode: 137, signal: 'SIGKILL' })
    await expect(session.run('1')).rejects.toMatchObject({ code: 'KYMO_REPL_ENDED' })
  })

  it('a MemoryError leaves it usable; eating memory that is granted ends it', async () => {
    const session = await open({ limits: { memoryBytes: 200 * 2 ** 20 } })
    expect((await run(session, 'x = 1\ny = bytearray(10 ** 12)')).err).toMatch(/MemoryError/)
    expect((await run(session, 'z = []\nwhile True: z.append(bytearray(10 ** 6))')).err).toMatch(/MemoryError/)
    expect((await run(session, 'del z; x')).out).toBe('1\n')
    expect(await run(session, 'import os, time\nfor _ in range(5):\n    if os.fork() == 0:\n        hog = b"x" * 80_000_000\n        time.sleep(30)\ntime.sleep(30)')).toMatchObject({ reason: 'out_of_memory', ended: true })
  })

  it('an interrupt ends a busy loop, a sleep and a waiting child, and variables stay', async () => {
    const session = await open()
    await run(session, 'import time, subprocess, os\nkept = "kept"')
    for (const command of ['while True: pass', 'time.sleep(60)', 'subprocess.run(["sleep", "60"])', 'os.system("sleep 60")', 'try:\n    time.sleep(60)\nfinally:\n    print("tidied")']) {
      const going = run(session, command)
      await sleep(150)
      session.interrupt()
      expect([command, await going]).toMatchObject([command, { reason: 'interrupted', ended: false, exitCode: 130 }])
    }
    expect((await run(session, 'kept')).out).toBe("'kept'\n")
    session.interrupt()
    expect((await run(session, 'time.sleep(0.2); kept')).reason).toBe('finished')
    const controller = new AbortController()
    const going = run(session, 'time.sleep(60)', { signal: controller.signal })
    controller.abort()
    expect((await going).reason).toBe('interrupted')
    expect((await run(session, 'time.sleep(60)', { signal: controller.signal })).reason).toBe('interrupted')
  })

  it('a time limit interrupts, and the traceback says where', async () => {
    const session = await open()
    const late = await run(session, 'x = 1\nimport time\ntime.sleep(60)', { timeoutMs: 1000 })
    expect(late).toMatchObject({ reason: 'timed_out', ended: false, exitCode: 130 })
    expect(late.err).toMatch(/line 3, in <module>[\s\S]*KeyboardInterrupt/)
    expect((await run(session, 'x')).out).toBe('1\n')
  })

  it('whoever ignores the interrupt is killed with all that belongs to it', async () => {
    const session = await open({ limits: { wallMs: 1500 } })
    const late = await run(session, 'import signal, subprocess, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nsubprocess.Popen(["sleep", "7773331"], start_new_session=True)\nprint("up")\nwhile True:\n    try: time.sleep(60)\n    except BaseException: pass')
    expect(late).toMatchObject({ reason: 'timed_out', ended: true, exitCode: 137, signal: 'SIGKILL', out: 'up\n' })
    expect(alive('7773331')).toEqual([])
    const other = await open()
    const going = run(other, 'import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])\nprint("deaf")\nwhile True: pass', { onOutput: () => other.interrupt() })
    expect(await going).toMatchObject({ reason: 'killed', ended: true })
  })

  it('a handler that a command set for SIGINT does not outlive the command', async () => {
    const session = await open()
    await run(session, 'import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])\nx = 1')
    expect(await run(session, 'time.sleep(60)', { timeoutMs: 200 })).toMatchObject({ reason: 'timed_out', ended: false })
    expect((await run(session, 'x')).out).toBe('1\n')
  })

  it('an interpreter that ends itself has exited', async () => {
    for (const [command, exitCode, signal] of [['os._exit(7)', 7, ''], ['os.kill(os.getpid(), 9)', 137, 'SIGKILL'], ['os.abort()', 134, 'SIGABRT'], ['os.execvp("true", ["true"])', 0, '']] as const) {
      const session = await open()
      expect([command, await run(session, `import os\nprint("before")\n${command}`)]).toMatchObject([command, { reason: 'exited', ended: true, exitCode, signal, out: 'before\n' }])
    }
  })

  it('children of a fork end with their command and answer nothing', async () => {
    const session = await open()
    const said = await run(session, 'import os, sys\npid = os.fork()\nif pid == 0:\n    print("child")\nelse:\n    os.waitpid(pid, 0); print("parent")')
    expect([said.reason, said.out]).toEqual(['finished', 'child\nparent\n'])
    expect((await run(session, 'pid = os.fork()\nif pid == 0: sys.exit(3)\nos.waitpid(pid, 0)[1] >> 8')).out).toBe('3\n')
    expect((await run(session, 'pid = os.fork()\nif pid == 0: 1/0\nos.waitpid(pid, 0)[1] >> 8')).out).toBe('1\n')
    expect((await run(session, 'import multiprocessing as m\ndef square(n): return n * n\nwith m.get_context("fork").Pool(2) as pool: squares = pool.map(square, range(4))\nsquares')).out).toBe('[0, 1, 4, 9]\n')
    expect((await run(session, '"still here"')).out).toBe("'still here'\n")
  })

  it('what a thread or a child writes late stands at the beginning of the next command', async () => {
    const session = await open()
    await run(session, 'import threading, time, sys\ndef late():\n    time.sleep(0.1); print("late"); sys.stderr.write("late too\\n"); open("written", "w")\nthreading.Thread(target=late).start()')
    while (!existsSync(join(workspace, 'written'))) await sleep(20)
    const next = await run(session, 'print("next")')
    expect([next.out, next.err]).toEqual(['late\nnext\n', 'late too\n'])
  })

  it('paused, nothing of it runs, whatever it had started; resumed, it goes on', async () => {
    const session = await open()
    const beat = join(workspace, 'beat')
    const started = await run(session, `import subprocess, sys, threading, time, os
code = "import time, os\\nwhile True:\\n    open('beat', 'a').write('.'); time.sleep(0.005)"
subprocess.Popen([sys.executable, "-c", code])
subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
subprocess.Popen(["sh", "-c", '"$0" -c "$1" &', sys.executable, code]).wait()
def spin():
    while True:
        subprocess.run(["sh", "-c", "echo -n . >> beat"])
for _ in range(4): threading.Thread(target=spin, daemon=True).start()
while not os.path.exists("beat"): time.sleep(0.01)
time.sleep(0.3)`)
    expect(started.reason).toBe('finished')
    for (let round = 0; round < 3; round++) {
      expect(await session.pause()).toBe(true)
      const size = readFileSync(beat).length
      await sleep(150)
      expect(readFileSync(beat).length).toBe(size)
      expect((await run(session, 'time.sleep(0.3)')).reason).toBe('finished')
      expect(readFileSync(beat).length).toBeGreaterThan(size)
    }
    await session.pause()
    expect(await session.close()).toBe(true)
    const size = readFileSync(beat).length
    await sleep(100)
    expect(readFileSync(beat).length).toBe(size)
  })

  describe('attacks', () => {
    const DRIVER = 'import gc, os, struct, json, sys, time\ndef frame(value):\n    body = json.dumps(value).encode()\n    return struct.pack(">I", len(body)) + body\ndef reply_fds():\n    return [fd for fd in range(3, 64) if os.path.exists(f"/proc/self/fd/{fd}") and os.readlink(f"/proc/self/fd/{fd}").startswith("socket")]\n'
    it.each([
      ['a reply with a wrong nonce', 'os.write(fd, frame({"nonce": "0" * 32, "end": "finished"}))'],
      ['a reply that is no JSON', 'os.write(fd, struct.pack(">I", 3) + b"abc")'],
      ['a reply of four gigabytes', 'os.write(fd, b"\\xff" * 4)'],
      ['a reply with more in it', 'os.write(fd, frame({"nonce": "0" * 32, "end": "finished", "run": "rm"}))'],
    ])('%s on any descriptor: a breach of protocol at most, and the session is over', async (_what, attack) => {
      const session = await open()
      const said = await run(session, `${DRIVER}for fd in reply_fds():\n    try: ${attack}\n    except OSError: pass\ntime.sleep(30)`)
      expect(said).toMatchObject({ reason: 'protocol_error', ended: true })
    })

    it('frames on standard output and error are output', async () => {
      const session = await open()
      const said = await run(session, `${DRIVER}\nfor fd in (1, 2): os.write(fd, frame({"nonce": "0", "end": "finished"}))\n"x"`)
      expect(said).toMatchObject({ reason: 'finished', ended: false })
      expect(said.err).toContain('"nonce"')
    })

    it('whoever steals the nonce and answers twice is found out, and an early answer ends nothing by itself', async () => {
      const session = await open()
      const steal = `${DRIVER}
frame_object = sys._getframe()
while frame_object:
    request = frame_object.f_locals.get("request")
    pipes = frame_object.f_locals.get("pipes")
    if request and pipes: break
    frame_object = frame_object.f_back
nonce = request["nonce"]
for fd in (pipes.out, pipes.err): os.write(fd, b"\\x1ekymo-end:" + nonce.encode() + b"\\n")
os.write(pipes.replies, frame({"nonce": nonce, "end": "finished"}))
time.sleep(0.3)
`
      const early = await run(session, steal)
      expect(early.reason).toBe('finished')
      const next = await session.pause().then(() => run(session, 'print("mine")'))
      expect(next).toMatchObject({ reason: 'protocol_error', ended: true })
    })

    it('a reply without the marks is a breach too', async () => {
      const session = await open()
      expect(await run(session, `${DRIVER}
at = sys._getframe()
while not (at.f_locals.get("request") and at.f_locals.get("pipes")): at = at.f_back
os.write(at.f_locals["pipes"].replies, frame({"nonce": at.f_locals["request"]["nonce"], "end": "finished"}))
time.sleep(30)`)).toMatchObject({ reason: 'protocol_error', ended: true })
    })

    it('closing every descriptor ends the session, not the host', async () => {
      const session = await open()
      const said = await run(session, 'import os, time\nos.closerange(3, 256)\ntime.sleep(30)')
      expect(said).toMatchObject({ reason: 'protocol_error', ended: true })
    })

    it('a fork bomb is stopped', async () => {
      const session = await open({ limits: { processes: 40 } })
      const said = await run(session, 'import os, time\nwhile True:\n    try:\n        if os.fork() == 0: time.sleep(0.001)\n    except OSError: pass', { timeoutMs: 3000 })
      expect(['killed', 'timed_out']).toContain(said.reason)
      await session.close()
    })

    it('a repr that never ends, a str that never ends and a full pipe can be interrupted', async () => {
      const session = await open()
      await run(session, 'class Loop(Exception):\n    def __repr__(self):\n        while True: pass\n    __str__ = __repr__')
      expect(await run(session, 'Loop()', { timeoutMs: 200 })).toMatchObject({ reason: 'timed_out', ended: false })
      expect(await run(session, 'raise Loop', { timeoutMs: 200 })).toMatchObject({ reason: 'timed_out', ended: false })
      await run(session, 'import sys, io\nclass Deaf(io.StringIO):\n    def flush(self):\n        while True: pass\nsys.stdout = Deaf()', { timeoutMs: 200 })
      if (!session.ended) expect((await run(session, 'import sys; sys.stdout = sys.__stdout__\nprint("back")')).out).toBe('back\n')
    })

    it('sees nothing of our environment, and no answers beside its workspace', async () => {
      process.env['OPENAI_API_KEY'] = 'planted-secret'
      mkdirSync(join(home, 'outside'))
      writeFileSync(join(home, 'outside', 'answers.csv'), 'answer')
      try {
        const session = await open({ env: { OMP_NUM_THREADS: '3' } })
        const said = await run(session, 'import os\nprint(dict(os.environ), open("/proc/self/environ").read(), open(f"/proc/{os.getppid()}/environ").read() if os.getppid() == 1 else "")\nos.environ["OMP_NUM_THREADS"]')
        expect(said.out).not.toMatch(/planted-secret|OPENAI/)
        expect(said.out).toMatch(/'3'\n$/)
        if (requested === 'bwrap') expect((await run(session, 'open("../outside/answers.csv")')).err).toMatch(/FileNotFoundError/)
        if (requested === 'bwrap') expect((await run(session, 'open("/kymo/repl.py", "a")')).err).toMatch(/Read-only|Permission/)
      } finally {
        delete process.env['OPENAI_API_KEY']
      }
    })
  })

  it('a command has the usual three descriptors and our four, whatever Kymo inherited, and what it starts has none of ours', async () => {
    const session = await open()
    expect((await run(session, 'import os, subprocess\nprint(subprocess.run(["ls", "/proc/self/fd"], capture_output=True, text=True).stdout.split())')).out).toBe("['0', '1', '2', '3']\n")
    expect((await run(session, 'len(os.listdir("/proc/self/fd")) - 1')).out).toBe('7\n')
  })

  it('one command at a time', async () => {
    const session = await open()
    const going = run(session, 'import time; time.sleep(0.2)')
    await expect(session.run('1')).rejects.toMatchObject({ code: 'KYMO_REPL_BUSY' })
    expect((await going).reason).toBe('finished')
    await expect(session.run('x'.repeat(5 * 2 ** 20))).rejects.toMatchObject({ code: 'KYMO_REPL_COMMAND' })
    const long = `text = "${'y'.repeat(3 * 2 ** 20)}"\nlen(text)`
    expect((await run(session, long)).out).toBe(`${3 * 2 ** 20}\n`)
  })

  it('closed in the middle of a command, the command is over and nothing is left', async () => {
    const session = await open()
    const going = run(session, 'import subprocess\nsubprocess.run(["sleep", "7773332"])')
    await sleep(200)
    expect(await session.close()).toBe(true)
    expect(await going).toMatchObject({ reason: 'exited', ended: true })
    expect(alive('7773332')).toEqual([])
    expect(existsSync(workspace)).toBe(true)
  })
})

it('an interpreter that cannot start is an error that says what to do', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kymo-room-'))
  for (const requested of ['bwrap', 'none'] as const) {
    await expect(ReplSession.open({ sandbox: await chooseSandbox({ requested }), interpreter: { executable: '/nowhere/python', prefixes: [] }, directory, limits: DEFAULT_SCRIPT_LIMITS })).rejects.toThrow(/could not be started.*kymo doctor/s)
  }
  rmSync(directory, { recursive: true })
})
