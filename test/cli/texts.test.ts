import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/effects/tasks/index.ts'
import { VERSION } from '../../src/cli/program.ts'
import { EXIT, exitOfStatus } from '../../src/cli/exit-codes.ts'
import { OutputLines } from '../../src/cli/output-lines.ts'
import { subject } from '../../src/cli/run-view.ts'
import { argumentsOf, sandboxName, servicesLine } from '../../src/cli/step-block.ts'
import { changedLines, diffFiles, diffLine, textOrNull } from '../../src/cli/tree-diff-text.ts'
import { sha256Hex } from '../../schemas/hash.ts'
import type { TreeEntry } from '../../schemas/tree.ts'

describe('a script\'s output', () => {
  it('is cut into lines across chunks, also within a character', () => {
    const lines = new OutputLines()
    const text = Buffer.from('größe\nzwei\nrest')
    expect([...lines.push('stdout', text.subarray(0, 3)), ...lines.push('stdout', text.subarray(3)), ...lines.flush()]).toEqual(['größe', 'zwei', 'rest'])
  })

  it('shows of a progress bar what stood there last, and keeps the streams apart', () => {
    const lines = new OutputLines()
    expect(lines.push('stdout', Buffer.from('10%\r50%\r100%\r\nhalf'))).toEqual(['100%'])
    expect(lines.push('stderr', Buffer.from('warning\n'))).toEqual(['warning'])
    expect(lines.flush()).toEqual(['half'])
    expect(lines.push('stdout', Buffer.from('\u001b[2Jclean\n'))).toEqual(['clean'])
  })
})

describe('a workspace diff', () => {
  const blobs = new Map<string, Uint8Array>()
  const file = (path: string, content: string | Uint8Array, mode = 0o644): TreeEntry => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    const sha256 = sha256Hex(bytes)
    blobs.set(sha256, bytes)
    return { path, kind: 'file', mode, sha256, size: bytes.length }
  }
  const tree = (...entries: TreeEntry[]) => new Map(entries.map((entry) => [entry.path, entry]))
  const diff = (before: Map<string, TreeEntry>, after: Map<string, TreeEntry>) => diffFiles(before, after, async (hash) => blobs.get(hash) ?? new Uint8Array(), { before: 'then', after: 'now' })

  it('is unified for texts and sizes for the rest, sorted by path', async () => {
    const files = await diff(
      tree(file('gone.txt', 'x\n'), file('image.bin', new Uint8Array([0, 1, 2])), file('train.py', 'a\nb\nc\n'), file('tool.sh', 'run\n')),
      tree(file('image.bin', new Uint8Array([0, 1, 2, 3])), file('new.txt', 'hello\n'), file('train.py', 'a\nB\nc\n'), file('tool.sh', 'run\n', 0o755)),
    )
    expect(files.map(diffLine)).toEqual(['D  gone.txt  2 B, +0 -1', 'M  image.bin  3 B -> 4 B, not text', 'A  new.txt  6 B, +1 -0', 'M  tool.sh  mode 644 -> 755', 'M  train.py  6 B -> 6 B, +1 -1'])
    expect(files.at(-1)?.patch).toBe('--- a/train.py\tthen\n+++ b/train.py\tnow\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n')
  })

  it('calls bytes text only if they are UTF-8 without NUL', () => {
    expect([textOrNull(Buffer.from('ü')), textOrNull(new Uint8Array([0xff])), textOrNull(new Uint8Array([97, 0]))]).toEqual(['ü', null, null])
    expect(changedLines('--- a\n+++ b\n@@\n-x\n+y\n+z\n')).toBe('+2 -1')
  })
})

it('says in a word what an action is about', () => {
  expect(subject('{"content":"x","file_name":"a.py"}')).toBe('a.py')
  expect(subject('{"destination":"b","source":"a"}')).toBe('a -> b')
  expect([subject('no json'), subject('[]'), subject('{"n":1}')]).toEqual(['', '', ''])
})

it('shows arguments field by field, and what is no object as it is', () => {
  expect(argumentsOf('{"a":"x","n":3}')).toEqual([['a', 'x'], ['n', '3']])
  expect(argumentsOf('{oops')).toEqual([['arguments', '{oops']])
  expect([sandboxName('{"sandbox":"bwrap","version":"0.8.0"}'), sandboxName('{"sandbox":"none"}'), sandboxName('')]).toEqual(['bwrap 0.8.0', 'no sandbox', 'no sandbox'])
})

it('says what a script asked of its task\'s services, and what was refused', () => {
  const model = { name: 'local/model.mjs', calls: 1, refused: 0, failed: 2, input_tokens: 90, output_tokens: 10, cost_usd: 0 }
  expect(servicesLine(JSON.stringify({ literature: { calls: 60, records: 412, refused: 14 }, model }))).toBe('literature: 60 searches, 412 records, 14 refused; model local/model.mjs: 1 question, 100 tokens, 2 failed')
  expect([servicesLine(''), servicesLine('{}')]).toEqual(['', ''])
})

it('gives 0 for success and for nothing else', () => {
  expect([exitOfStatus('finished', true), exitOfStatus('finished', false), exitOfStatus('interrupted', false), exitOfStatus('limit-reached', true), exitOfStatus('cancelled', false), exitOfStatus('failed', false)])
    .toEqual([EXIT.ok, EXIT.failed, EXIT.interrupted, EXIT.limit, EXIT.failed, EXIT.failed])
})

it('is the version that package.json says', () => {
  expect(JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'))).toMatchObject({ version: VERSION })
})
