import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRoom } from './room.ts'
import type { Room } from './room.ts'

/** Command lines of live processes that hold `word`. */
const alive = (word: string): string[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return line.includes(word) && !/State:\s+Z/.test(readFileSync(`/proc/${pid}/status`, 'utf8')) ? [line] : []
  } catch { return [] }
})

describe.each(['bwrap', 'none'] as const)('a script under %s', (requested) => {
  let room: Room
  beforeEach(async () => { room = await openRoom(requested) })
  afterEach(() => room[Symbol.dispose]())

  it('gives both streams apart, the exit code and the command', async () => {
    const ran = await room.run('import sys; print("out"); print("err", file=sys.stderr); sys.exit(3)', { args: ['a b'] })
    expect(ran).toMatchObject({ reason: 'exited', exitCode: 3, signal: '', out: 'out\n', err: 'err\n', started: "python -u script.py 'a b'" })
    expect(ran.wallMs).toBeGreaterThan(0)
  })

  it('runs in the workspace and keeps what it wrote', async () => {
    await room.run('import os; open("made.txt", "w").write(os.getcwd().split("/")[-1])')
    expect(readFileSync(join(room.workspace, 'made.txt'), 'utf8')).toBe('workspace')
  })

  it('sees nothing of our environment', async () => {
    process.env['KYMO_TEST_SECRET'] = 'planted-secret-1'
    process.env['OPENAI_API_KEY'] = 'planted-secret-2'
    try {
      const ran = await room.run(`
import os, glob
print(dict(os.environ))
own = [f"/proc/{os.getpid()}/environ"] + (glob.glob("/proc/[0-9]*/environ") if ${requested === 'bwrap' ? 'True' : 'False'} else [])
for path in own:
    try: print(open(path, "rb").read())
    except OSError as error: print(error)
print(os.environ["PYTHONHASHSEED"], os.environ["TZ"], os.environ["OMP_NUM_THREADS"])`)
      expect(ran.out).not.toMatch(/planted-secret|KYMO_TEST|OPENAI/)
      expect(ran.out).toMatch(/0 UTC 1\n$/)
    } finally {
      delete process.env['KYMO_TEST_SECRET']
      delete process.env['OPENAI_API_KEY']
    }
  })

  it('streams each line before the script ends', async () => {
    const heard: { text: string; at: number }[] = []
    const began = performance.now()
    const ran = await room.run('import time\nfor epoch in range(3):\n    print("epoch", epoch)\n    time.sleep(0.3)', { onOutput: (_, chunk) => heard.push({ text: Buffer.from(chunk).toString(), at: performance.now() - began }) })
    expect(heard.map(({ text }) => text).join('')).toBe(ran.out)
    expect(heard[0]?.text).toMatch(/^epoch/)
    expect(heard[0]?.at).toBeLessThan(ran.wallMs - 500)
  })

  it('keeps characters whole that arrive in pieces', async () => {
    const ran = await room.run('import os, time\nfor byte in "aé漢😀".encode():\n    os.write(1, bytes([byte])); time.sleep(0.01)\nos.write(1, b"\\xff\\x00\\x1b")')
    expect(ran.stdout.bytes).toEqual(new Uint8Array([...Buffer.from('aé漢😀'), 0xff, 0, 0x1b]))
  })

  it('keeps head and tail of long output and the whole in the log', async () => {
    const ran = await room.run('import sys\nsys.stdout.write("first\\n" + "x" * 3_000_000 + "\\nlast\\n")')
    expect(ran.stdout).toMatchObject({ totalBytes: 3_000_012, truncated: true })
    expect(ran.out).toMatch(/^first\n[^]*bytes left out[^]*\nlast\n$/)
    expect(readFileSync(join(room.spool, 'stdout.log')).length).toBe(3_000_012)
  })

  it('stops a flood at the output limit, the same bytes each time', async () => {
    const flood = 'import sys\nwhile True: sys.stdout.write("flood " * 10000)'
    const [first, second] = [await room.run(flood, { limits: { outputBytes: 4_000_000 } }), await room.run(flood, { limits: { outputBytes: 4_000_000 } })]
    expect(first).toMatchObject({ reason: 'output_limit', stdout: { totalBytes: 4_000_000 } })
    expect(Buffer.from(first.stdout.bytes).equals(second.stdout.bytes)).toBe(true)
  })

  it('ends what ignores every signal at the wall limit', async () => {
    const ran = await room.run('import signal, time\nfor number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)\nprint("up")\ntime.sleep(30)', { limits: { wallMs: 700 } })
    expect(ran).toMatchObject({ reason: 'timed_out', signal: 'SIGKILL', out: 'up\n' })
    expect(ran.wallMs).toBeLessThan(2500)
  })

  it('ends at once when it is cancelled, and does not start when it was', async () => {
    const stop = new AbortController()
    const running = room.run('import time; print("up"); time.sleep(30)', { signal: stop.signal, onOutput: () => stop.abort() })
    const ran = await running
    expect(ran).toMatchObject({ reason: 'cancelled', signal: 'SIGKILL' })
    expect(ran.out).toMatch(/^up/)
    expect(await room.run('open("ran", "w")', { signal: stop.signal })).toMatchObject({ reason: 'cancelled', wallMs: 0 })
    expect(readdirSync(room.workspace)).not.toContain('ran')
  })

  it('names the signal that ended it', async () => {
    expect(await room.run('import os; os.kill(os.getpid(), 11)')).toMatchObject({ reason: 'signalled', signal: 'SIGSEGV', exitCode: 139 })
  })

  it('gives one process a MemoryError at the limit', async () => {
    const ran = await room.run('try: x = bytearray(700 * 2**20)\nexcept MemoryError: print("MemoryError")', { limits: { memoryBytes: 300 * 2 ** 20 } })
    expect(ran.out).toBe('MemoryError\n')
  })

  it('stops a tree that is too big together', async () => {
    const ran = await room.run('import os, time\nfor _ in range(4):\n    if os.fork() == 0:\n        x = bytearray(b"1") * (150 * 2**20); time.sleep(30); os._exit(0)\ntime.sleep(30)', { limits: { memoryBytes: 300 * 2 ** 20 } })
    expect(ran.reason).toBe('out_of_memory')
    expect(ran.wallMs).toBeLessThan(5000)
  })

  it('does not count memory that forks share more than once', async () => {
    const ran = await room.run('import os, time\nx = bytearray(b"1") * (120 * 2**20)\nfor _ in range(6):\n    if os.fork() == 0: time.sleep(0.8); os._exit(0)\ntime.sleep(0.8)', { limits: { memoryBytes: 400 * 2 ** 20 } })
    expect(ran).toMatchObject({ reason: 'exited', exitCode: 0 })
    expect(ran.maxRssBytes).toBeGreaterThan(100 * 2 ** 20)
  })

  it('bounds a fork bomb and leaves nothing of it', async () => {
    const ran = await room.run('import os, time\nmade = 0\ntry:\n    while made < 600:\n        if os.fork() == 0: time.sleep(30); os._exit(0)\n        made += 1\nexcept OSError: pass\nprint(made)', { script: 'bomb-7c1.py', limits: { processes: 40 } })
    // Counted exactly by the kernel where it can (then the script sees the error), else killed by the watch.
    if (ran.reason === 'exited') expect(Number(ran.out)).toBeLessThan(45)
    else expect(ran.err).toContain('more than 40 processes')
    expect(alive('bomb-7c1.py')).toEqual([])
  })

  it('returns soon although a daemon holds its output, and kills the daemon', async () => {
    const ran = await room.run('import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(30)\n    os._exit(0)\nprint("done")', { script: 'daemon-3f9.py' })
    expect(ran).toMatchObject({ reason: 'exited', exitCode: 0, out: 'done\n' })
    expect(ran.wallMs).toBeLessThan(2500)
    expect(alive('daemon-3f9.py')).toEqual([])
  })

  it('kills a daemon that closed everything and writes on', async () => {
    await room.run('import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        for fd in range(3): os.close(fd)\n        n = 0\n        while True:\n            open("beat", "w").write(str(n)); n += 1; time.sleep(0.01)\n    os._exit(0)\nos.wait(); time.sleep(0.2)', { script: 'daemon-5ab.py' })
    const before = readFileSync(join(room.workspace, 'beat'), 'utf8')
    await sleep(100)
    expect(readFileSync(join(room.workspace, 'beat'), 'utf8')).toBe(before)
    expect(alive('daemon-5ab.py')).toEqual([])
  })

  it('refuses one huge file', async () => {
    const ran = await room.run('try:\n    f = open("big", "wb"); f.truncate(2**40)\nexcept OSError as error: print(error.strerror)')
    expect(ran.out).toBe('File too large\n')
  })

  it('is stopped when it fills the workspace with many files', async () => {
    const ran = await room.run('n = 0\nimport time\nwhile n < 4000:\n    open(f"f{n}", "wb").write(b"x" * 100_000); n += 1; time.sleep(0.002)', { limits: { diskBytes: 20_000_000 } })
    expect(ran).toMatchObject({ reason: 'signalled', signal: 'SIGKILL' })
    expect(ran.err).toContain('more than 20000000 bytes in the workspace')
  })

  it('runs scripts with names like options, spaces and newlines', async () => {
    for (const script of ['-c', '--help.py', 'a b.py', 'line\nbreak.py', 'ünï/dé.py', "it's $(x).py"]) {
      expect(await room.run('import sys; print(len(sys.argv))', { script, args: ['-x', '$HOME'] })).toMatchObject({ reason: 'exited', out: '3\n' })
    }
  })

  it('gets no input', async () => {
    expect((await room.run('try: input()\nexcept EOFError: print("EOF")')).out).toBe('EOF\n')
  })

  it('shows layers at their places, cannot change them, and leaves no trace of them in the workspace', async () => {
    const data = join(room.outside, 'data')
    mkdirSync(join(data, 'deep'), { recursive: true })
    writeFileSync(join(data, 'deep', 'train.csv'), '1,2,3')
    writeFileSync(join(room.outside, 'single.csv'), '4')
    const ran = await room.run(`
import os, glob
print(open("in/put/deep/train.csv").read(), open("single.csv").read())
for act in (lambda: open("in/put/deep/train.csv", "w").write("x"), lambda: os.remove("in/put/deep/train.csv"), lambda: os.chmod("single.csv", 0o777), lambda: os.rename("single.csv", "y"), lambda: open("in/put/new", "w")):
    try: act()
    except OSError as error: print("refused")
open("mine", "w").write("mine")`, { layers: [{ source: data, mount: 'in/put' }, { source: join(room.outside, 'single.csv'), mount: 'single.csv' }] })
    expect(ran.out.startsWith('1,2,3 4\n')).toBe(true)
    if (requested === 'bwrap') expect(ran.out).toBe(`1,2,3 4\n${'refused\n'.repeat(5)}`)
    expect(readFileSync(join(data, 'deep', 'train.csv'), 'utf8')).toBe('1,2,3')
    expect(readFileSync(join(room.outside, 'single.csv'), 'utf8')).toBe('4')
    expect(readdirSync(room.workspace).filter((name) => name !== 'y').sort()).toEqual(['mine', 'script.py'])
  })

  it('shows a layer over the workspace itself beside the run\'s own files', async () => {
    const data = join(room.outside, 'data')
    mkdirSync(data)
    writeFileSync(join(data, 'train.csv'), '1')
    const ran = await room.run('import os; print(sorted(os.listdir(".")))', { layers: [{ source: data, mount: '' }] })
    expect(ran.out).toBe("['script.py', 'train.csv']\n")
    expect(readdirSync(room.workspace)).toEqual(['script.py'])
  })

  it('refuses a layer outside the workspace', async () => {
    await expect(room.run('', { layers: [{ source: room.outside, mount: '../x' }] })).rejects.toThrow(/must be a path inside the workspace/)
  })
})
