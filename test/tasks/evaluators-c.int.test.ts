import { execa } from 'execa'
import { beforeAll, describe, expect, it } from 'vitest'
import { preparePython } from '../../src/effects/python/index.ts'
import { loadTask, pythonDependencies, taskLibrary } from '../../src/effects/tasks/index.ts'

/** Calls of an evaluator's own functions, in the Python of its small profile. */
class Evaluator {
  readonly #name: string
  #python = ''
  #folder = ''

  constructor(name: string) {
    this.#name = name
  }

  async open(): Promise<void> {
    const { folder, manifest } = await loadTask(this.#name)
    this.#folder = folder
    this.#python = (await preparePython({ dependencies: pythonDependencies(manifest.profiles.small) })).executable
  }

  /** The value of `code`'s last variable `result`, as JSON; `given` is what `code` finds under that name. */
  async run<Result>(code: string, given: unknown = null): Promise<Result> {
    const program = `import json, sys\nsys.path[:0] = ${JSON.stringify([this.#folder, taskLibrary()])}\nfrom evaluate import *\ngiven = json.loads(sys.stdin.readline())\n${code}\nprint(json.dumps(result))`
    const { stdout } = await execa(this.#python, ['-I', '-B', '-c', program], { input: `${JSON.stringify(given)}\n` })
    return JSON.parse(stdout) as Result
  }
}

describe('bibtex-generation', () => {
  const evaluator = new Evaluator('bibtex-generation')
  beforeAll(() => evaluator.open(), 120_000)

  const papers = [
    { id: '1901.10007', title: 'Torné: Routing for Rivers', authors: ['Ada Dvořák', 'Per Østergaard'], published: '2019-01-02', journal: 'Letters in Data and Models 3, 1-9 (2019)', doi: '10.55555/1901-10007' },
    { id: '2001.10014', title: 'A Second Paper', authors: ['Bo Cho'], published: '2020-05-06' },
  ]
  interface Parts { valid: boolean; entries: number; right: number; invented: number; faithful: number; score: number; problem: string }
  const judge = (text: unknown, wanted = ['1901.10007']): Promise<Parts> => evaluator.run(`
papers = {paper['id']: paper for paper in given['papers']}
result = judge(given['text'], set(given['wanted']), papers, {folded(paper['title']): paper for paper in papers.values()})`, { papers, text, wanted })
  const entry = (more = '', key = 'a'): string => `@article{${key}, title = {Torné: Routing for Rivers}, author = {Ada Dvořák and Per Østergaard}, year = {2019}, eprint = {1901.10007}${more}}`

  it('gives a right entry everything, in LaTeX, with initials and in family-first order too', async () => {
    for (const text of [
      entry(),
      entry(', journal = {Letters in Data and Models}, doi = {10.55555/1901-10007}'),
      String.raw`@misc{x, title = {{Torn{\'e}}: {R}outing for rivers}, author = {Dvo{\v r}{\'a}k, A. and {\O}stergaard, P.}, year = 2019, eprint = {arXiv:1901.10007}}`,
    ]) expect(await judge(text), text).toMatchObject({ valid: true, right: 1, invented: 0, faithful: 1, score: 1, problem: '' })
  })

  it('takes away for every field that is not the record\'s', async () => {
    expect((await judge(entry().replace('2019', '2018'))).faithful).toBe(0.75)
    expect((await judge(entry().replace(' and Per Østergaard', ''))).faithful).toBe(0.75)
    expect((await judge(entry().replace('Per', 'Olaf'))).faithful).toBe(0.75)
    expect((await judge(entry(', doi = {10.1/other}'))).faithful).toBe(0.8)
    expect((await judge(entry(', journal = {}'))).faithful).toBe(0.8)
  })

  it('takes no entry for a work whose title it does not have, whatever its number', async () => {
    expect(await judge('@misc{a, title = {Untitled}, eprint = {1901.10007}}')).toMatchObject({ valid: true, right: 0, invented: 1, score: 0 })
    expect(await judge('@misc{a, title = {}, eprint = {1901.10007}}')).toMatchObject({ right: 0, invented: 1 })
  })

  it('counts repeated and needless entries against it', async () => {
    expect(await judge(`${entry()}\n${entry('', 'b')}`)).toMatchObject({ right: 1, entries: 2, score: 2 / 3 })
    expect(await judge(`${entry()}\n@misc{b, title = {A second paper}, author = {Bo Cho}, year = 2020, eprint = {2001.10014}}`)).toMatchObject({ right: 1, entries: 2, invented: 0, score: 2 / 3 })
  })

  it.each([
    ['a brace that is not closed', entry().slice(0, -1)], ['a key that is there twice', `${entry()}\n${entry()}`], ['a field that is there twice', entry(', year = {2019}')], ['a macro nobody defined', '@misc{a, title = nothing}'],
    ['@string', '@STRING{a = "b"}'], ['no text', null], ['a number', 3], ['too much text', ' '.repeat(200_001)], ['braces without end', `@misc{a, title = {${'{'.repeat(50_000)}`],
  ])('reads no BibTeX with %s, and says why', async (_, text) => {
    const parts = await judge(text)
    expect(parts).toMatchObject({ valid: false, score: 0 })
    expect(parts.problem).not.toBe('')
  })

  it('takes text without entries for valid, and worth nothing', async () => {
    expect(await judge('')).toMatchObject({ valid: true, entries: 0, score: 0 })
    expect(await judge('I could not find anything.')).toMatchObject({ valid: true, entries: 0, score: 0 })
  })
})
