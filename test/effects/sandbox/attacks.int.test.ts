import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findPython } from '../../../src/effects/python/index.ts'
import { DEFAULT_SCRIPT_LIMITS, interpreterMounts, sandboxArgv, spawnSandboxed } from '../../../src/effects/sandbox/index.ts'
import { openRoom } from './room.ts'
import type { Room } from './room.ts'

const HOME_FILES = ['.ssh', '.bashrc'].map((name) => JSON.stringify(join(homedir(), name))).join(', ')

let room: Room
beforeEach(async () => {
  room = await openRoom('bwrap')
  writeFileSync(join(room.outside, 'answers.csv'), 'the-answers')
})
afterEach(() => room[Symbol.dispose]())

it('cannot read the answers by any path', async () => {
  const ran = await room.run(`
import os, sys
answers = sys.argv[1]
for path in [answers, "../outside/answers.csv", "/proc/1/root" + answers, "/proc/self/cwd/../outside/answers.csv", "/proc/1/cwd" + answers]:
    try: print(open(path).read())
    except OSError as error: print("refused")
os.symlink(answers, "submission.csv")
try: print(open("submission.csv").read())
except OSError: print("refused")`, { args: [join(room.outside, 'answers.csv')] })
  expect(ran.out).toBe('refused\n'.repeat(6))
})

it('finds no home, no users, no devices and no container socket', async () => {
  const ran = await room.run('import os\nfor path in ["/etc/passwd", "/etc/shadow", "/etc/ssh", "/dev/mem", "/dev/sda", "/dev/kmsg", "/var/run/docker.sock", "/run", "/sys", "/var", ' + HOME_FILES + ']:\n    if os.path.exists(path): print(path)\nprint(os.listdir(os.environ["HOME"]), os.listdir("/tmp"))')
  expect(ran.out).toBe('[] []\n')
})

it('sees no process but its own, and not our environment', async () => {
  process.env['KYMO_TEST_SECRET'] = 'planted-secret'
  const ran = await room.run('import os, glob\npids = [int(name) for name in os.listdir("/proc") if name.isdigit()]\nprint(len(pids) <= 3, os.getpid() < 5)\nfor path in glob.glob("/proc/[0-9]*/environ"): print(b"planted" in open(path, "rb").read())\nprint("parent", os.getppid())\nos.kill(os.getppid(), 9)\nprint("alive")')
  delete process.env['KYMO_TEST_SECRET']
  expect(ran.out).not.toContain('True\nTrue')
  expect(ran.out.split('\n')[0]).toBe('True True')
  expect(ran.out.split('\n').slice(1)).not.toContain('True')
  expect(ran.out).toContain('alive')
})

it('writes nowhere but in its workspace and its own temporary folders', async () => {
  const ran = await room.run('for path in ["/x", "/usr/x", "/etc/x", "/dev/x", "/bin/x", "/home/x", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/self/oom_score_adj"]:\n    try:\n        open(path, "a").close(); print("wrote", path)\n    except OSError: pass\nfor path in ["/tmp/x", "/dev/shm/x", "/home/agent/x", "x"]: open(path, "w").close()\nprint("done")')
  expect(ran.out).toBe('done\n')
})

it('has no capabilities and cannot get any', async () => {
  const ran = await room.run('import ctypes, os\nprint([line.split()[1] for line in open("/proc/self/status") if line.startswith(("CapEff", "CapBnd", "CapPrm", "NoNewPrivs"))], os.getuid())\nlibc = ctypes.CDLL(None, use_errno=True)\nprint(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None), libc.unshare(0x10000000))')
  expect(ran.out.split('\n')[0]).toBe("['0000000000000000', '0000000000000000', '0000000000000000', '1'] 1000")
  expect(ran.out.split('\n')[1]).toBe('-1 -1')
})

it('reaches neither the host nor the outside', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => { server.once('listening', resolve) })
  const { port } = server.address() as AddressInfo
  const ran = await room.run(`import socket\nfor address in (("127.0.0.1", ${port}), ("1.1.1.1", 53), ("8.8.8.8", 53)):\n    try: socket.create_connection(address, 2); print("connected", address)\n    except OSError: print("refused")`)
  server.close()
  expect(ran.out).toBe('refused\n'.repeat(3))
})

it('cannot fill memory through its temporary folders', async () => {
  const ran = await room.run('for path in ["/tmp/x", "/dev/shm/x", "/home/agent/x"]:\n    try:\n        with open(path, "wb") as f:\n            for _ in range(64): f.write(b"x" * 2**20)\n        print("wrote")\n    except OSError as error: print(error.strerror)', { limits: { tmpBytes: 8 * 2 ** 20, shmBytes: 8 * 2 ** 20 } })
  expect(ran.out).toBe('No space left on device\n'.repeat(3))
})

it('cannot place data through a link that an earlier script left', async () => {
  mkdirSync(join(room.outside, 'data'))
  symlinkSync(room.outside, join(room.workspace, 'data'))
  await expect(room.run('', { layers: [{ source: join(room.outside, 'data'), mount: 'data' }] })).rejects.toThrow(/link or a device/)
  await expect(room.run('', { layers: [{ source: join(room.outside, 'data'), mount: 'data/in' }] })).rejects.toThrow(/a file where the task's data belongs/)
})

it('dies with the process that started it, even if that is killed', async () => {
  const python = await findPython({ dependencies: { pip: [], debian: [], requires: '>=3.9' } })
  writeFileSync(join(room.workspace, 'beat.py'), 'import time\nwhile True:\n    open("beat", "a").write("."); time.sleep(0.01)')
  const { file, args, env } = sandboxArgv(room.sandbox, { argv: [python.executable, 'beat.py'], cwd: '/workspace', env: {}, limits: DEFAULT_SCRIPT_LIMITS, mounts: [...interpreterMounts(python), { source: room.workspace, target: '/workspace', writable: true }] })
  const harness = execa(process.execPath, ['-e', `require('node:child_process').spawn(${JSON.stringify(file)}, ${JSON.stringify(args)}, { env: ${JSON.stringify(env)}, stdio: 'ignore' }); setInterval(() => {}, 1000)`], { reject: false })
  const beat = join(room.workspace, 'beat')
  for (let tries = 0; tries < 200 && !existsSync(beat); tries++) await new Promise((resolve) => { setTimeout(resolve, 20) })
  harness.kill('SIGKILL')
  await harness
  await new Promise((resolve) => { setTimeout(resolve, 200) })
  const before = readFileSync(beat).length
  await new Promise((resolve) => { setTimeout(resolve, 200) })
  expect(readFileSync(beat).length).toBe(before)
})

it('says that a run is lost when the sandbox itself is killed from outside', async () => {
  let killed = false
  const ran = await room.run('import time; print("up"); time.sleep(30)', {
    script: 'lost-91d.py',
    onOutput: () => {
      if (killed) return
      killed = true
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        try {
          const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
          if (line.startsWith(room.sandbox.wrap({ argv: [], cwd: '/', env: {}, mounts: [], limits: DEFAULT_SCRIPT_LIMITS }).file) && line.includes('lost-91d.py')) {
            process.kill(Number(pid), 'SIGKILL')
            break
          }
        } catch { /* gone */ }
      }
    },
  })
  expect(ran.reason).toBe('lost')
  expect(ran.out).toMatch(/^up/)
})

it('reports a sandbox that cannot be set up as an error, not as the script\'s end', async () => {
  await expect(room.run('', { interpreter: { executable: '/nowhere/python', prefixes: ['/nowhere'] } })).rejects.toThrow(/could not be set up.*\/nowhere.*kymo doctor/)
})

it('gives a live child with pipes', async () => {
  const child = spawnSandboxed(room.sandbox, { argv: ['/bin/cat'], cwd: '/workspace', env: {}, limits: DEFAULT_SCRIPT_LIMITS, mounts: [{ source: room.workspace, target: '/workspace', writable: true }] }, { stdin: 'pipe' })
  child.stdin?.write('there and ')
  child.stdin?.end('back')
  let text = ''
  for await (const chunk of child.stdout) text += String(chunk)
  expect([text, (await child.exited).exitCode, await child.end()]).toEqual(['there and back', 0, true])
})
