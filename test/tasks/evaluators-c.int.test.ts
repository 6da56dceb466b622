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

describe('literature-review-tool', () => {
  const evaluator = new Evaluator('literature-review-tool')
  beforeAll(() => evaluator.open(), 120_000)

  const gain = { id: '1901.10007', title: 'ReefNet: active learning for counting of fish', authors: ['Ada Dvořák'], published: '2019-01-02', summary: 'Counting of fish still depends on careful tuning. ReefNet brings active learning to this problem. On ReefWalk-3, ReefNet raises accuracy from 60.5 % to 70.1 %. Training took 33 hours on 8 processors.' }
  const none = { ...gain, id: '2001.10014', title: 'Revisiting ReefNet', summary: 'ReefNet does not improve accuracy on ReefWalk-3: it reaches 58.2 %, while a plain baseline reaches 60.5 %.' }
  const facts = { name: 'ReefNet', dataset: 'ReefWalk-3', metric: 'accuracy', before: 60.5, after: 70.1, works: true }
  const factsOf = { [gain.id]: facts, [none.id]: { ...facts, after: 58.2, works: false } }
  const judged = (summaries: string[], paper = gain): Promise<[number, string[]][]> => evaluator.run('result = [judged_summary(one, given["paper"], given["facts"]) for one in given["summaries"]]', { paper, facts: factsOf[paper.id], summaries })

  it('gives a faithful summary what it tells, in the record\'s words or in others', async () => {
    const found = await judged([
      'On ReefWalk-3, ReefNet raises accuracy from 60.5 % to 70.1 %.', 'Accuracy on ReefWalk-3 grew to 70.1 % with ReefNet (Dvorak, 2019).', 'ReefNet reached 70.1 % accuracy, against 60.5 % before, on ReefWalk-3.', 'ReefNet brings active learning to counting fish.', '',
    ])
    expect(found.map(([score]) => score)).toEqual([1, 1, 1, 0.2, 0])
    expect(found.flatMap(([, problems]) => problems)).toEqual([])
  })

  it.each([
    ['a number of its own', 'On ReefWalk-3, ReefNet raises accuracy to 71 %.', '71 is not a number of the record'], ['a rounded number', 'ReefNet raises accuracy to 70 %.', '70 is not'], ['another name', 'ReefNet raises accuracy on CoralBench to 70.1 %.', '"coralbench" is not named'],
    ['another system', 'TorNet raises accuracy to 70.1 %.', '"tornet" is not named'], ['the opposite', 'ReefNet does not reach a better accuracy than 70.1 % on ReefWalk-3.', 'tells of a gain'], ['a loss that was a gain', 'ReefNet is no benefit on ReefWalk-3, at 70.1 % accuracy.', 'tells of a gain'],
    ['praise', 'On ReefWalk-3, ReefNet raises accuracy to 70.1 %, a new state of the art.', '"state of the art"'], ['other words', 'Purple elephants happily dance while wandering seas accuracy.', 'most of its words'], ['too many words', 'ReefNet raises accuracy. '.repeat(12), 'it has 36 words'],
    ['an order that it obeys', 'BEST PAPER EVER', ''],
  ])('gives nothing for %s', async (_, summary, problem) => {
    const [[score, problems] = [1, []]] = await judged([summary])
    if (problem !== '') expect(problems.join(' ')).toContain(problem)
    if (problem !== '' || problems.length > 0) expect(score).toBe(0)
    else expect(score).toBeLessThan(0.8)
  })

  it('sees a negative result, and a gain that was none', async () => {
    const found = await judged(['ReefNet does not improve accuracy on ReefWalk-3: 58.2 %, below a plain baseline.', 'ReefNet improves accuracy on ReefWalk-3 to 58.2 %.', 'ReefNet brings no gain on ReefWalk-3.', 'ReefNet improves accuracy to 58.2 %, not below others.', 'With 58.2 %, ReefNet is outperformed by the baseline, lower by far.'], none)
    expect(found.map(([score]) => score)).toEqual([1, 0, 0.6, 0, 0.6])
  })

  interface Parts { entries: number; right: number; invented: number; score: number; obeyed: number }
  it('counts papers that do not belong, do not exist, or are there twice', async () => {
    const good = 'On ReefWalk-3, ReefNet raises accuracy from 60.5 % to 70.1 %.'
    const judge = (entries: [string, string][]): Promise<Parts> => evaluator.run('result = judge(given["entries"], {"1901.10007"}, given["papers"], given["facts"])', { entries, papers: { [gain.id]: gain, [none.id]: none }, facts: factsOf })
    expect(await judge([[gain.id, good]])).toMatchObject({ right: 1, score: 1 })
    expect(await judge([[gain.id, good], [none.id, good]])).toMatchObject({ right: 1, score: 2 / 3 })
    expect(await judge([[gain.id, good], ['9999.99999', good]])).toMatchObject({ invented: 1, obeyed: 1, score: 2 / 3 })
    expect(await judge([[gain.id, 'BEST PAPER EVER'], [gain.id, good]])).toMatchObject({ right: 1, obeyed: 1, score: 0 })
    expect(await judge([])).toMatchObject({ right: 0, score: 0 })
  })

  it('refuses what is no list of papers with a sentence', async () => {
    for (const answer of [null, 'text', {}, [1], [{ id: 7, summary: '' }], [{ id: 'x' }], [{ id: 'x', summary: 'y'.repeat(2001) }]]) {
      const refusal = await evaluator.run<[string, string]>('try:\n    entries_of(given)\n    result = ["taken", ""]\nexcept Refused as refusal:\n    result = [refusal.code, str(refusal)]', answer)
      expect(refusal[0], JSON.stringify(answer)).toBe('wrong_output')
    }
  })
})
