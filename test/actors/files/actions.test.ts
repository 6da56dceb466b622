import { describe, expect, it } from 'vitest'
import { FILE_ACTIONS, READ_LIMIT } from '../../../actors/environment/files/index.ts'
import { z } from 'zod'
import { act, filesOf, newBench, treeOf } from './drive.ts'

const lines = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`)

describe('List Files', () => {
  it('marks directories with / and executables with *, sorted, and names empty directories', () => {
    const bench = newBench({ 'b.py': 'x', 'run.sh': { content: '#!', mode: 0o755 }, 'data/x': '', empty: null, 'Äöü.txt': '' })
    expect(act(bench, 'List Files', { dir_path: '.' }).observation).toBe('b.py\ndata/\nempty/\nrun.sh*\nÄöü.txt')
    expect(act(bench, 'List Files', { dir_path: './data//../data/' }).observation).toBe('x')
    expect(act(bench, 'List Files', { dir_path: 'empty' })).toMatchObject({ ok: true, observation: 'The directory empty is empty.' })
    expect(act(newBench(), 'List Files', { dir_path: '' }).observation).toBe('The workspace is empty.')
  })

  it('says so for a file, for nothing, and for a place outside', () => {
    const bench = newBench({ 'a.py': '12345' })
    expect(act(bench, 'List Files', { dir_path: 'a.py' })).toMatchObject({ ok: false, code: 'not_directory' })
    expect(act(bench, 'List Files', { dir_path: 'b' })).toMatchObject({ ok: false, code: 'not_found' })
    expect(act(bench, 'List Files', { dir_path: '/' })).toMatchObject({ ok: false, code: 'outside' })
  })

  it('shows layers and where they are mounted', () => {
    const bench = newBench({ 'train.py': '' })
    bench.layers = [{ mount: 'in/data', tree: treeOf(bench, { 'x.csv': 'a', 'more/y.csv': 'b' }) }, { mount: '', tree: treeOf(bench, { 'readme.txt': 'r' }) }]
    expect(act(bench, 'List Files', { dir_path: '.' }).observation).toBe('in/\nreadme.txt\ntrain.py')
    expect(act(bench, 'List Files', { dir_path: 'in' }).observation).toBe('data/')
    expect(act(bench, 'List Files', { dir_path: 'in/data' }).observation).toBe('more/\nx.csv')
    expect(act(bench, 'List Files', { dir_path: 'in/data/more' }).observation).toBe('y.csv')
  })

  it('quotes names that could be taken for two, and counts what it leaves out', () => {
    const bench = newBench({ 'two\nlines': '', '-rf': '', ' x': '', 'q"': '' })
    expect(act(bench, 'List Files', { dir_path: '.' }).observation).toBe('" x"\n-rf\n"q\\""\n"two\\nlines"')
    const many = newBench(Object.fromEntries(Array.from({ length: 2001 }, (_, index) => [`f${index}`, ''])))
    expect(act(many, 'List Files', { dir_path: '.' }).observation).toMatch(/\n\.\.\. and 1 more entry, 2001 in all\.$/)
  })
})

describe('Read File', () => {
  it('gives the text, without what could steer a terminal', () => {
    const bench = newBench({ a: 'x\ty\r\nz\n', esc: 'a\x1b[2Jb\0c\x9bd\re', bom: '\ufeffhello', none: '' })
    expect(act(bench, 'Read File', { file_name: 'a' }).observation).toBe('x\ty\r\nz\n')
    expect(act(bench, 'Read File', { file_name: 'esc' }).observation).toBe('a␛[2Jb␀c\\x9bd␍e')
    expect(act(bench, 'Read File', { file_name: 'bom' }).observation).toBe('hello')
    expect(act(bench, 'Read File', { file_name: 'none' }).observation).toBe('The file none is empty.')
  })

  it('does not show what is not UTF-8 and says how large it is', () => {
    const bench = newBench({ 'm.npy': Uint8Array.of(0x93, 1, 2, 3) })
    expect(act(bench, 'Read File', { file_name: 'm.npy' })).toMatchObject({ ok: false, code: 'binary', observation: expect.stringMatching(/4 bytes/) })
  })

  it('cuts after one mebibyte, between characters, and says what is left out', () => {
    const bench = newBench({ big: `a${'é'.repeat(READ_LIMIT / 2)}` })
    const { ok, observation } = act(bench, 'Read File', { file_name: 'big' })
    expect(ok).toBe(true)
    expect(observation).toMatch(/^aé+\n\[2 more bytes of big left out \(1,048,577 bytes in all\)\. Use Inspect Script Lines/)
  })

  it('suggests where a file of that name is', () => {
    const bench = newBench({ 'src/train.py': '', 'caf\u00e9': '' })
    expect(act(bench, 'Read File', { file_name: 'train.py' }).observation).toMatch(/Did you mean src\/train\.py\?/)
    expect(act(bench, 'Read File', { file_name: 'cafe\u0301' })).toMatchObject({ code: 'not_found', observation: expect.stringMatching(/Did you mean café\?/) })
    expect(act(bench, 'Read File', { file_name: 'src' })).toMatchObject({ code: 'is_directory' })
  })
})

describe('Inspect Script Lines', () => {
  const bench = newBench({ 'a.py': `${lines(1, 250).join('\r\n')}\r\n`, two: 'a\nb', empty: '', wide: 'x'.repeat(20_000) })
  const inspect = (script_name: string, start_line_number: unknown, end_line_number: unknown) => act(bench, 'Inspect Script Lines', { script_name, start_line_number, end_line_number })

  it('says how many lines there are and numbers those asked for', () => {
    expect(inspect('a.py', 9, 10).observation).toBe('The file a.py has 250 lines. Lines 9 to 10:\n 9 | line 9\n10 | line 10')
    expect(inspect('two', 1, 50).observation).toBe('The file two has 2 lines. Lines 1 to 2:\n1 | a\n2 | b')
    expect(inspect('a.py', '250', '250').observation).toMatch(/250 \| line 250$/)
  })

  it('shows exactly 100 lines at most', () => {
    expect(inspect('a.py', 1, 100).observation.split('\n')).toHaveLength(101)
    expect(inspect('a.py', 1, 101)).toMatchObject({ ok: false, code: 'bad_range', observation: expect.stringMatching(/101 lines/) })
  })

  it.each([[0, 5], [5, 4], [251, 260], [-3, 2]])('refuses lines %d to %d', (start, end) => {
    expect(inspect('a.py', start, end)).toMatchObject({ ok: false, code: 'bad_range' })
  })

  it('refuses numbers that are none, and cuts very long lines', () => {
    expect(inspect('a.py', 'first', 3)).toMatchObject({ ok: false, code: 'bad_arguments' })
    expect(inspect('a.py', 1.5, 3)).toMatchObject({ ok: false, code: 'bad_arguments' })
    expect(inspect('empty', 1, 1)).toMatchObject({ ok: false, code: 'bad_range' })
    expect(inspect('wide', 1, 1).observation).toMatch(/x \[10,000 more characters on this line\]$/)
  })
})

describe('writing', () => {
  it('creates, overwrites and appends; a new file goes into directories that did not exist and an empty one gives way', () => {
    const bench = newBench({ empty: null, 'run.sh': { content: 'old', mode: 0o755 } })
    expect(act(bench, 'Write File', { file_name: './src//a.py', content: 'x\n' })).toMatchObject({ ok: true, changed: true })
    expect(act(bench, 'Write File', { file_name: 'empty/b', content: 'y' }).ok).toBe(true)
    expect(act(bench, 'Write File', { file_name: 'run.sh', content: 'new' }).ok).toBe(true)
    expect(act(bench, 'Append File', { file_name: 'src/a.py', content: 'z' }).ok).toBe(true)
    expect(act(bench, 'Append File', { file_name: 'log', content: 'first' }).ok).toBe(true)
    expect(filesOf(bench)).toEqual({ 'src/a.py': '644 x\nz', 'empty/b': '644 y', 'run.sh': '755 new', log: '644 first' })
  })

  it('keeps byte order mark and line ends of what it appends to, and does not touch a binary file', () => {
    const bench = newBench({ w: '\ufeffa\r\n', bin: Uint8Array.of(0xff) })
    act(bench, 'Append File', { file_name: 'w', content: 'b\n' })
    expect(filesOf(bench)['w']).toBe(`644 ${Buffer.from('\ufeffa\r\nb\n').toString('latin1')}`)
    expect(act(bench, 'Append File', { file_name: 'bin', content: 'b' })).toMatchObject({ ok: false, code: 'binary' })
  })

  it('copies bytes and mode, from a layer too', () => {
    const bench = newBench({ 'run.sh': { content: 'r', mode: 0o755 } })
    bench.layers = [{ mount: 'data', tree: treeOf(bench, { 'x.bin': Uint8Array.of(0xff, 0) }) }]
    expect(act(bench, 'Copy File', { source: 'run.sh', destination: 'a/b/c.sh' }).ok).toBe(true)
    expect(act(bench, 'Copy File', { source: 'data/x.bin', destination: 'x.bin' }).ok).toBe(true)
    expect(filesOf(bench)).toEqual({ 'run.sh': '755 r', 'a/b/c.sh': '755 r', 'x.bin': '644 \xff\0' })
    expect(act(bench, 'Copy File', { source: 'run.sh', destination: './run.sh' })).toMatchObject({ code: 'same_file', changed: false })
    expect(act(bench, 'Copy File', { source: 'a', destination: 'b' })).toMatchObject({ code: 'is_directory' })
    expect(act(bench, 'Copy File', { source: 'nope', destination: 'b' })).toMatchObject({ code: 'not_found' })
  })

  it('tells the same tree whatever the spelling of the path', () => {
    const [one, other] = [newBench(), newBench()]
    expect(act(one, 'Write File', { file_name: 'a/c', content: '1' }).tree).toBe(act(other, 'Write File', { file_name: './a//b/../c', content: '1' }).tree)
  })

  it.each([
    ['../x', 'outside'], ['a/../../x', 'outside'], ['/etc/passwd', 'outside'], ['..', 'outside'],
    ['', 'bad_path'], ['.', 'is_directory'], ['x'.repeat(256), 'bad_path'], ['d/'.repeat(600) + 'x', 'bad_path'], ['a\0b', 'bad_path'],
    ['file/y', 'not_directory'], ['file/y/z', 'not_directory'], ['folder', 'is_directory'], ['hollow', 'is_directory'],
    ['\ud800', 'bad_arguments'],
  ])('refuses to write %j: %s', (file_name, code) => {
    for (const [action, args] of [['Write File', { file_name, content: '' }], ['Append File', { file_name, content: '' }], ['Copy File', { source: 'file', destination: file_name }]] as const) {
      const bench = newBench({ file: 'f', 'folder/x': '', hollow: null })
      const before = bench.tree
      expect(act(bench, action, args)).toMatchObject({ ok: false, code, changed: false, tree: before, edits: '' })
    }
  })

  it('refuses arguments that are not exactly the action\'s, and an action it does not know', () => {
    const bench = newBench({ a: '' })
    expect(act(bench, 'Write File', { file_name: 'a' })).toMatchObject({ code: 'bad_arguments', observation: expect.stringMatching(/It takes file_name, content\./) })
    expect(act(bench, 'Read File', { file_name: 'a', mode: 'r' })).toMatchObject({ code: 'bad_arguments' })
    expect(act(bench, 'Read File', { file_name: 7 })).toMatchObject({ code: 'bad_arguments' })
    expect(act(bench, 'Delete File', { file_name: 'a' })).toMatchObject({ code: 'unknown_action' })
    expect(act(bench, 'toString', {})).toMatchObject({ code: 'unknown_action' })
  })
})

describe('what is read-only', () => {
  const guarded = () => {
    const bench = newBench({ 'train.csv': 'x', 'own.py': '', 'lists/keep.txt': '' })
    bench.readOnly = ['./train.csv', 'lists/*']
    bench.layers = [{ mount: 'data', tree: treeOf(bench, { 'a.csv': 'x' }) }, { mount: '', tree: treeOf(bench, { 'readme.txt': 'r', 'images/1.png': 'p' }) }]
    return bench
  }

  it.each(['train.csv', './train.csv', 'x/../train.csv', 'train.csv/sub', 'lists/keep.txt', 'lists/new', 'lists/a/b', './data/a.csv', 'data/new.csv', 'readme.txt', 'images/new.png', 'readme.txt/x'])('stays as it is: %s', (path) => {
    const bench = guarded()
    for (const [action, args] of [['Write File', { file_name: path, content: 'y' }], ['Append File', { file_name: path, content: 'y' }], ['Copy File', { source: 'own.py', destination: path }], ['Undo Edit Script', { script_name: path }]] as const) {
      expect(act(bench, action, args)).toMatchObject({ ok: false, code: 'read_only', changed: false, observation: expect.stringMatching(/copy it to another name/) })
    }
  })

  it('leaves names beside it writable', () => {
    const bench = guarded()
    for (const file_name of ['train.csv2', 'sub/train.csv', 'database.csv', 'listsx/a', 'images.txt']) expect(act(bench, 'Write File', { file_name, content: '' })).toMatchObject({ ok: true })
    expect(act(bench, 'Write File', { file_name: 'data', content: '' })).toMatchObject({ code: 'read_only' })
  })

  it('is decided without reading a layer that the path has nothing to do with', () => {
    const bench = guarded()
    const [data] = bench.layers
    act(bench, 'Write File', { file_name: 'own.py', content: 'z' })
    expect(bench.gets).not.toContain(data?.tree)
  })
})

describe('the registry', () => {
  it('names each action, describes each argument, and makes a JSON schema', () => {
    expect(Object.keys(FILE_ACTIONS)).toEqual(['List Files', 'Read File', 'Write File', 'Append File', 'Copy File', 'Inspect Script Lines', 'Undo Edit Script'])
    for (const [name, action] of Object.entries(FILE_ACTIONS)) {
      expect(action.name).toBe(name)
      const schema = z.toJSONSchema(action.args, { io: 'input' })
      for (const property of Object.values(schema.properties ?? {})) expect(property).toMatchObject({ type: expect.any(String), description: expect.any(String) })
    }
  })
})
