import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { findPython } from '../../src/effects/python/index.ts'
import { taskLibrary } from '../../src/effects/tasks/index.ts'
import { anyPython } from './own-task.ts'

/** Runs lines of Python with tasks/lib beside them and gives the JSON they print. */
async function python(code: string, input: unknown, executable?: string): Promise<unknown> {
  const program = `import json, sys\nsys.path.append(${JSON.stringify(taskLibrary())})\ngiven = json.load(sys.stdin)\n${code}`
  const { stdout } = await execa(executable ?? (await anyPython()).executable, ['-I', '-B', '-c', program], { input: JSON.stringify(input) })
  return JSON.parse(stdout)
}

const READ = `
from kymo_csv import choice, integer, number, read_rows, text, truth
from kymo_task import Refused
readers = {'number': number(), 'share': number(0, 1), 'positive': number(low=0), 'whole': integer(0, 9), 'truth': truth(), 'word': choice('red', 'blue'), 'text': text(5)}
out = []
for case in given:
    try:
        out.append(read_rows(bytes(case['text'], 'latin1') if case.get('raw') else case['text'].encode(), {name: readers[kind] for name, kind in case['columns'].items()}, case['ids'], case.get('id', 'id')))
    except Refused as refusal:
        out.append(f'{refusal.code}: {refusal}')
print(json.dumps(out))
`
interface Case { text: string; columns?: Record<string, string>; ids?: unknown; id?: string | null; raw?: boolean }
const read = async (...cases: Case[]): Promise<unknown[]> => await python(READ, cases.map((one) => ({ columns: { y: 'number' }, ids: ['a', 'b'], ...one }))) as unknown[]

describe('A submitted table', () => {
  it('is aligned by its ids, whatever their order, its columns\' order and further columns', async () => {
    expect(await read(
      { text: 'id,y\nb,2\na,1\n' }, { text: 'x,y,id\n9,1,a\n9,2,b' }, { text: '\ufeffid,y\r\na,1\r\nb,2\r\n\r\n' }, { text: 'id,y\n"a","1"\n b , 2 \n' },
      { text: 'Id,y\n2.0,5\n1,4\n', ids: [1, 2], id: 'Id' }, { text: ',y\n1,5\n0,4\n', ids: [0, 1], id: '' }, { text: 'y\n4\n5\n', ids: 2, id: null },
    )).toEqual([{ y: [1, 2] }, { y: [1, 2] }, { y: [1, 2] }, { y: [1, 2] }, { y: [4, 5] }, { y: [4, 5] }, { y: [4, 5] }])
  })

  it('is read by column: shares, whole numbers, truth, words, text', async () => {
    expect(await read({ text: 'id,p,n,t,w,s\na,0.5,3.0,True,red,abc\nb,1e-3,9,0,blue,""\n', columns: { p: 'share', n: 'whole', t: 'truth', w: 'word', s: 'text' } }))
      .toEqual([{ p: [0.5, 0.001], n: [3, 9], t: [true, false], w: ['red', 'blue'], s: ['abc', ''] }])
  })

  it('is refused with the line that is wrong and what to write there', async () => {
    const wrong: Array<[Case, string]> = [
      [{ text: '' }, 'submission.csv is empty. Its first line must name the columns.'],
      [{ text: 'id,z\na,1\n' }, 'submission.csv line 1: there is no column "y". The first line must be id,y; it is "id,z".'],
      [{ text: 'id,y,y\na,1,2\n' }, 'submission.csv line 1: the column "y" is there 2 times. Write it once.'],
      [{ text: 'id,y\na,1\n' }, 'submission.csv: 1 of 2 rows are missing, the first is that of the id "b". Write a row for each.'],
      [{ text: 'id,y\na,1\na,2\n' }, 'submission.csv line 3: the id "a" was there already, in line 2. Write each once.'],
      [{ text: 'id,y\na,1\nc,2\n' }, 'submission.csv line 3: the id "c" is not one of the 2 that are asked for. Write those only, once each.'],
      [{ text: 'id,y\na,1\nb\n' }, 'submission.csv line 3: there are 1 values, and the first line has 2 columns. Write one value for each column.'],
      [{ text: 'id,y\na,one\nb,2\n' }, 'submission.csv line 2: "one" in the column "y" is not a number.'],
      [{ text: 'id,y\na,\nb,2\n' }, 'submission.csv line 2: nothing in the column "y" is not a number.'],
      [{ text: 'id,y\na,NaN\nb,2\n' }, 'submission.csv line 2: "NaN" in the column "y" is not a finite number.'],
      [{ text: 'id,y\na,1\nb,-inf\n' }, 'submission.csv line 3: "-inf" in the column "y" is not a finite number.'],
      [{ text: 'id,y\na,1e999\nb,2\n' }, 'submission.csv line 2: "1e999" in the column "y" is not a finite number.'],
      [{ text: 'id,y\na,1.5\nb,2\n', columns: { y: 'share' } }, 'submission.csv line 2: "1.5" in the column "y" is not between 0 and 1.'],
      [{ text: 'id,y\na,-1\nb,2\n', columns: { y: 'positive' } }, 'submission.csv line 2: "-1" in the column "y" is below 0.'],
      [{ text: 'id,y\na,1.5\nb,2\n', columns: { y: 'whole' } }, 'submission.csv line 2: "1.5" in the column "y" is not a whole number.'],
      [{ text: 'id,y\na,maybe\nb,2\n', columns: { y: 'truth' } }, 'submission.csv line 2: "maybe" in the column "y" is neither True nor False.'],
      [{ text: 'id,y\na,green\nb,2\n', columns: { y: 'word' } }, 'submission.csv line 2: "green" in the column "y" is not one of red, blue.'],
      [{ text: 'id,y\na,abcdef\nb,2\n', columns: { y: 'text' } }, 'submission.csv line 2: "abcdef" in the column "y" is longer than 5 characters.'],
      [{ text: 'id,y\na,1\nb,\u0000\n' }, 'submission.csv line 3: there is a NUL byte. Write a plain CSV file.'],
      [{ text: 'id,y\na,1\nb,\xff\n', raw: true }, 'submission.csv line 3: this is not UTF-8 text. Write a plain CSV file.'],
      [{ text: 'id,y\na,"1\nb,2\n' }, 'submission.csv line 2: this is no CSV (unexpected end of data).'],
      [{ text: 'y\n1\n2\n3\n', ids: 2, id: null }, 'submission.csv line 4: there are more rows than the 2 that are asked for. Write one row for each of them.'],
      [{ text: 'y\n1\n', ids: 2, id: null }, 'submission.csv has 1 rows where 2 are asked for. Write one row for each of them.'],
    ]
    expect(await read(...wrong.map(([one]) => one))).toEqual(wrong.map(([, message]) => `bad_submission: ${message}`))
  })
})

describe('Submitted arrays', async () => {
  const numpy = await findPython({ dependencies: { pip: ['numpy>=1.24'], debian: ['python3-numpy'], requires: '>=3.9' } })

  it('are read without unpickling, and refused when they are not what was asked for', async () => {
    const code = `
import io, pickle, zipfile
import numpy as np
from kymo_arrays import read_npz
from kymo_data import npy_bytes
from kymo_task import Refused

def npz(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name + '.npy', content)
    return out.getvalue()

def saved(value, **more):
    out = io.BytesIO()
    np.save(out, value, **more)
    return out.getvalue()

class Runs:
    def __reduce__(self):
        return print, ('the pickle ran',)

whole = saved(np.zeros((2, 3)))
cases = {
    'good': npz(y=saved(np.arange(6.0).reshape(2, 3))), 'fortran': npz(y=saved(np.asfortranarray(np.arange(6.0).reshape(2, 3)))), 'own writer': npz(y=npy_bytes(np.arange(6.0).reshape(2, 3))),
    'pickled': npz(y=saved(np.array([[Runs()] * 3] * 2, dtype=object), allow_pickle=True)), 'a pickle': pickle.dumps(Runs()), 'not there': npz(z=whole), 'shape': npz(y=saved(np.zeros((3, 2)))),
    'type': npz(y=saved(np.zeros((2, 3), complex))), 'text': npz(y=saved(np.array([['a'] * 3] * 2))), 'nan': npz(y=saved(np.full((2, 3), np.nan))), 'short': npz(y=whole[:-8]), 'long': npz(y=whole + bytes(1 << 24)),
    'huge': npz(y=whole.replace(b'(2, 3)', b'(2, 3)')[:10] + whole[10:].replace(b'(2, 3), }', b'(9, 9), }')), 'code': npz(y=whole[:10] + whole[10:].replace(b"'<f8'", b"exit()"[:5])),
}
out = {}
for name, data in cases.items():
    try:
        out[name] = read_npz(data, {'y': ('f', (2, None) if name == 'short' else (2, 3))})['y'].tolist()
    except Refused as refusal:
        out[name] = str(refusal)
print(json.dumps(out))
`
    const grid = [[0, 1, 2], [3, 4, 5]]
    expect(await python(code, null, numpy.executable)).toEqual({
      good: grid, fortran: grid, 'own writer': grid, pickled: expect.stringContaining('is of type object'), 'a pickle': expect.stringContaining('is no .npz file'), 'not there': expect.stringContaining('holds no array y; it holds z.npy'),
      shape: expect.stringContaining('has the shape (3, 2); expected is (2, 3)'), type: expect.stringContaining('is of type complex128; expected are floating point numbers'), text: expect.stringContaining('is of type <U1'),
      nan: expect.stringContaining('holds 6 values that are not finite'), short: expect.stringContaining('fewer bytes than its shape says'), long: expect.stringContaining('more bytes than its shape says'),
      huge: expect.stringContaining('has the shape (9, 9)'), code: expect.stringContaining('is no numpy array'),
    })
  })

  it('that prepare.py writes are the same bytes every time, and numpy reads them', async () => {
    const code = `
import hashlib, os, tempfile
import numpy as np
from kymo_data import write_npz
seen = []
for _ in range(2):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'x.npz')
        write_npz(path, a=np.arange(6, dtype='>i4').reshape(2, 3), b=np.float32(1.5), c=np.zeros((0, 2)), d=np.array([True, False]))
        seen.append(hashlib.sha256(open(path, 'rb').read()).hexdigest())
        with np.load(path, allow_pickle=False) as data:
            back = {name: [str(data[name].dtype), list(data[name].shape), data[name].tolist()] for name in data}
print(json.dumps([seen[0] == seen[1], back]))
`
    expect(await python(code, null, numpy.executable)).toEqual([true, { a: ['int32', [2, 3], [[0, 1, 2], [3, 4, 5]]], b: ['float32', [], 1.5], c: ['float64', [0, 2], []], d: ['bool', [2], [true, false]] }])
  })
})

describe('Archives of data', () => {
  it('are unpacked without links and without paths that lead out', async () => {
    const code = `
import io, os, tarfile, tempfile, zipfile
from kymo_data import CannotPrepare, unpack
out = {}
with tempfile.TemporaryDirectory() as folder:
    def at(*parts):
        return os.path.join(folder, *parts)
    with tarfile.open(at('a.tar.gz'), 'w:gz') as archive:
        for name in ('in/x.txt', 'in/y.txt'):
            info = tarfile.TarInfo(name)
            info.size = 2
            archive.addfile(info, io.BytesIO(b'hi'))
        link = tarfile.TarInfo('in/link')
        link.type, link.linkname = tarfile.SYMTYPE, '/etc/passwd'
        archive.addfile(link)
    with zipfile.ZipFile(at('b.zip'), 'w') as archive:
        archive.writestr('../out.txt', 'out')
    with open(at('c.tar'), 'wb') as file:
        file.write(b'nothing')
    out['tar'] = [os.path.relpath(path, folder) for path in unpack(at('a.tar.gz'), at('made'), lambda path: not path.endswith('y.txt'))]
    for name in ('b.zip', 'c.tar'):
        try:
            unpack(at(name), at('made'))
        except CannotPrepare as problem:
            out[name] = str(problem).split(': ')[0]
    out['links'] = os.path.lexists(at('made/in/link'))
print(json.dumps(out))
`
    expect(await python(code, null)).toEqual({ tar: [join('made', 'in', 'x.txt')], 'b.zip': 'b.zip holds a path that leads out of its folder', 'c.tar': 'c.tar is no archive that can be read', links: false })
  })
})
