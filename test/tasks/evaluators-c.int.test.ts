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

describe('identify-contrails', () => {
  const evaluator = new Evaluator('identify-contrails')
  beforeAll(() => evaluator.open(), 120_000)

  const read = (cell: string): Promise<[number, number][] | string> => evaluator.run('try:\n    result = runs(12)(given)\nexcept ValueError as error:\n    result = str(error)', cell)

  it('reads runs of pixels', async () => {
    expect(await read('-')).toEqual([])
    expect(await read('1 3 5 1 12 1')).toEqual([[0, 3], [4, 5], [11, 12]])
  })

  it.each([
    ['', 'is empty'], ['1', 'each run is a start and a length'], ['0 3', 'counted from 1'], ['1 0', 'length 0'], ['5 2 1 2', 'in order'], ['1 4 4 2', 'do not overlap'], ['10 4', 'beyond the 12 pixels'], ['1 nan', 'whole numbers'],
    ['1 -1', 'whole numbers'], ['1.0 2', 'whole numbers'], ['1e1 2', 'whole numbers'], ['٣ 1', 'whole numbers'], ['1 999999999999999999', 'whole numbers'],
  ])('refuses %j: %s', async (cell, why) => { expect(await read(cell)).toContain(why) })

  it('counts shared pixels as arrays would, and one coefficient over all scenes', async () => {
    const wrong = await evaluator.run<number>(`
import random
import numpy as np
from prepare import encoded
draw, result = random.Random(5), 0
for _ in range(200):
    masks = [np.array([[draw.random() < chance for _ in range(7)] for _ in range(5)]) for chance in (draw.random(), draw.random())]
    a, b = (runs(35)(encoded(mask)) for mask in masks)
    result += (common(a, b), size(a), size(b)) != ((masks[0] & masks[1]).sum(), masks[0].sum(), masks[1].sum())`)
    expect(wrong).toBe(0)
  })

  it.each([
    ['leaves the baseline to what is recorded', [0.4, 0.5], undefined], ['knows no baseline where none is recorded', null, undefined], ['takes runs of the starter for no less than what trails everywhere get', [0, 0.4], [1 / 3, 0.4]],
  ])('%s', async (_, runs, expected) => {
    const found = await evaluator.run<{ value: number; baseline_runs?: number[] }>(`
import pathlib, tempfile
with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    (folder / 'shape.json').write_text('[2, 5]')
    (folder / 'answers.csv').write_text('record_id,encoded_pixels\\na,1 4\\nb,-\\n')
    (folder / 'submission.csv').write_text('record_id,encoded_pixels\\na,1 10\\nb,1 10\\n')
    result = evaluate({'answers_dir': name, 'tree_dir': name, 'baseline': given and {'runs': given}})`, runs)
    expect(found.value).toBeCloseTo(1 / 3)
    expect(found.baseline_runs).toEqual(expected)
  })

  it('agrees with the encoder that agents are given', async () => {
    expect(await evaluator.run<boolean>(`
import sys, os
import numpy as np
import prepare, evaluate
sys.path.insert(0, os.path.join(os.path.dirname(evaluate.__file__), 'starter'))
from encode import decode, encode
draw = np.random.default_rng(1)
masks = [draw.random((6, 4)) < chance for chance in (0, 0.2, 0.5, 1)]
result = all(encode(mask) == prepare.encoded(mask) and (decode(encode(mask), (6, 4)) == mask).all() for mask in masks)`)).toBe(true)
  })
})

describe('fathomnet', () => {
  const evaluator = new Evaluator('fathomnet')
  beforeAll(() => evaluator.open(), 120_000)

  it('ranks: precision where each true category was found', async () => {
    expect(await evaluator.run('result = [average_precision(guess, set(truth)) for guess, truth in given]', [
      [[1, 2], [1, 2]], [[3, 1], [1]], [[1, 3, 2], [1, 2]], [[], [1]], [[...Array(20).keys()], [...Array(25).keys()]], [[...Array(20).keys(), 99], [99]],
    ])).toEqual([1, 0.5, (1 + 2 / 3) / 2, 0, 1, 0])
  })

  it('measures osd by the area under its curve, equal scores counting half', async () => {
    expect(await evaluator.run('result = [area(scores, truth) for scores, truth in given]', [
      [[0.1, 0.2, 0.8, 0.9], [false, false, true, true]], [[0.9, 0.8, 0.2, 0.1], [false, false, true, true]], [[0.5, 0.5, 0.5], [true, false, false]], [[0.1, 0.5, 0.5, 0.9], [false, true, false, true]],
    ])).toEqual([1, 0, 0.5, 0.875])
  })

  it.each([
    ['1.0 2', 'no number of category_key.csv'], ['[1.0, 2.0]', 'no number of category_key.csv'], ['1 1', 'has a category twice'], ['1 01', 'has a category twice'], ['7', 'no number of category_key.csv'], ['nan', 'no number'], ['-1', 'no number'],
    [Array.from({ length: 21 }, (_, index) => index).join(' '), 'at most 20'],
  ])('refuses the categories %j: %s', async (cell, why) => {
    expect(await evaluator.run('try:\n    result = ranked({1, 2, 3})(given)\nexcept ValueError as error:\n    result = str(error)', cell)).toContain(why)
  })

  it('shows what was wrong in the original: a correct file scores chance, a printed list its precision', async () => {
    const [correct, printed] = await evaluator.run<[number[], number[]]>(`
truths, scores = [[1], [2, 3]] * 50, [0.1, 0.9] * 50
result = [[as_in_the_original(texts, truths, scores, seed) for seed in range(20)] for texts in ([['1'], ['2', '3']] * 50, [['[1.0]'], ['[2.0,', '3.0]']] * 50)]`)
    expect(Math.abs(correct.reduce((sum, value) => sum + value, 0) / 20)).toBeLessThan(0.1)
    expect(new Set(correct).size).toBeGreaterThan(10)
    expect(printed.reduce((sum, value) => sum + value, 0) / 20).toBeGreaterThan(0.4)
  })
})
