import { symlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { evaluated } from './evaluator-process.ts'
import type { Given, Reply } from './evaluator-process.ts'

/** A task as its evaluator sees it: a few answers, and the rows that hit all of them. */
interface Table {
  task: string
  header: string
  perfect: string[]
  /** the score of the perfect rows */
  best: number
  /** a row for the second id with something in place of its last value */
  withValue: (value: string) => string
  given: Pick<Given, 'answers' | 'data'>
  badValues: Array<[string, RegExp]>
}

const SCORES = 'cohesion,syntax,vocabulary,phraseology,grammar,conventions'
const tables: Table[] = [
  {
    task: 'spaceship-titanic', header: 'PassengerId,Transported', perfect: ['0001_01,True', '0001_02,False', '0002_01,True', '0003_01,True'], best: 1,
    withValue: (value) => `0001_02,${value}`,
    given: { answers: { 'answers.csv': 'PassengerId,Transported\n0001_01,True\n0001_02,False\n0002_01,True\n0003_01,True\n' } },
    badValues: [['nan', /"nan" in the column "Transported" is neither True nor False/], ['2', /neither True nor False/], ['', /nothing in the column/], ['0.5', /neither/]],
  },
  {
    task: 'imdb', header: 'idx,0,1', perfect: ['0,0.1,0.9', '1,3,-2', '2,-1e300,1e300', '3,0,1'], best: 1,
    withValue: (value) => `1,3,${value}`,
    given: { answers: { 'answers.csv': 'idx,label\n0,1\n1,0\n2,1\n3,1\n' } },
    badValues: [['nan', /"nan" in the column "1" is not a finite number/], ['inf', /not a finite number/], ['1e999', /not a finite number/], ['good', /"good" in the column "1" is not a number/], ['', /nothing in the column "1"/]],
  },
  {
    task: 'feedback', header: `text_id,${SCORES}`, perfect: ['00E1,1,2,3,4,5,1.5', '0123,2,2,2,2,2,2', 'FFFF,3,3,3,3,3,3.5', 'ABCD,4,4,4,4,4,4'], best: 0,
    withValue: (value) => `0123,2,2,2,2,2,${value}`,
    given: { answers: { 'answers.csv': `text_id,${SCORES}\n00E1,1.0,2.0,3.0,4.0,5.0,1.5\n0123,2.0,2.0,2.0,2.0,2.0,2.0\nFFFF,3.0,3.0,3.0,3.0,3.0,3.5\nABCD,4.0,4.0,4.0,4.0,4.0,4.0\n` } },
    badValues: [['NaN', /not a finite number/], ['-inf', /not a finite number/], ['1e200', /not between 0 and 10/], ['-1', /not between 0 and 10/], ['[3.0]', /not a number/]],
  },
  {
    task: 'parkinsons-disease', header: 'prediction_id,rating', best: 0,
    perfect: ['7_0_updrs_1_plus_0_months,10', '7_0_updrs_1_plus_6_months,0', '7_6_updrs_1_plus_0_months,0', '7_6_updrs_1_plus_6_months,99'],
    withValue: (value) => `7_0_updrs_1_plus_6_months,${value}`,
    given: {
      answers: { 'answers.csv': 'prediction_id,rating,original_row\n7_0_updrs_1_plus_0_months,10.0,0\n7_6_updrs_1_plus_0_months,0.0,1\n7_0_updrs_1_plus_6_months,0.0,2\n' },
      data: { 'example_test_files/sample_submission.csv': 'prediction_id,rating,visit_month\n7_0_updrs_1_plus_0_months,0,0\n7_0_updrs_1_plus_6_months,0,0\n7_6_updrs_1_plus_0_months,0,6\n7_6_updrs_1_plus_6_months,0,6\n' },
    },
    badValues: [['nan', /not a finite number/], ['inf', /not a finite number/], ['-2', /not between 0 and 500/], ['1e308', /not between 0 and 500/], ['ten', /not a number/]],
  },
]

describe.each(tables)('The evaluator of $task', ({ task, header, perfect, best, withValue, given, badValues }) => {
  const submit = (content: string | Buffer): Promise<Reply> => evaluated(task, { ...given, tree: { 'submission.csv': content } })
  const rows = (...lines: string[]): string => [header, ...lines, ''].join('\n')
  const [first = '', second = '', third = '', last = ''] = perfect
  const refusal = async (content: string | Buffer): Promise<string> => {
    const reply = await submit(content)
    expect(reply.graded, reply.message).toBe(false)
    expect(reply.code).toBe('bad_submission')
    return reply.message
  }

  it('gives perfect rows the best score, in any order', async () => {
    expect(await submit(rows(...perfect))).toMatchObject({ graded: true, value: best })
    expect(await submit(rows(...perfect.toReversed()))).toMatchObject({ graded: true, value: best })
  })

  it('reads what spreadsheets and pandas write: a byte order mark, CRLF, quotes, an index and other columns, blank lines', async () => {
    expect(await submit(`\uFEFF${rows(...perfect).replaceAll('\n', '\r\n')}`)).toMatchObject({ graded: true, value: best })
    expect(await submit(rows(...perfect.map((row) => row.split(',').map((value) => `"${value}"`).join(',')), ''))).toMatchObject({ graded: true, value: best })
    expect(await submit([`,${header},note`, ...perfect.map((row, index) => `${index},${row},"well, ""sure"""`)].join('\n'))).toMatchObject({ graded: true, value: best })
  })

  it.each(badValues)('refuses the value "%s" and names its line', async (value, message) => {
    const said = await refusal(rows(first, withValue(value), third, last))
    expect(said).toMatch(/^submission\.csv line 3: /)
    expect(said).toMatch(message)
  })

  it('refuses rows that are missing, unknown, repeated or of another length, each with its line', async () => {
    expect(await refusal(rows(first, second, third))).toContain(`1 of 4 rows are missing, the first is that of the ${header.split(',')[0] ?? ''} "${last.split(',')[0] ?? ''}"`)
    expect(await refusal(rows(...perfect, last.replace(/^[^,]*/, 'stranger')))).toMatch(/line 6: .*"stranger" is not one of the 4 that are asked for/)
    expect(await refusal(rows(...perfect, second))).toMatch(/line 6: .* was there already, in line 3/)
    expect(await refusal(rows(...Array.from({ length: 10 }, () => perfect).flat()))).toMatch(/line 6: .* was there already, in line 2/)
    expect(await refusal(rows(first, `${second},1`, third, last))).toMatch(/line 3: there are \d values, and the first line has \d columns/)
    expect(await refusal(rows())).toContain('4 of 4 rows are missing')
  })

  it('refuses what is no table: another header, nothing, other bytes, a pickle', async () => {
    expect(await refusal(rows(...perfect).replace(header, header.toUpperCase().replace('IDX,0,1', 'idx,a,b')))).toMatch(/line 1: there is no column/)
    expect(await refusal(perfect.join('\n'))).toMatch(/line 1: there is no column/)
    expect(await refusal('')).toContain('is empty')
    expect(await refusal(Buffer.from([0x80, 0x04, 0x95, 0x0a]))).toMatch(/line 1: this is not UTF-8/)
    expect(await refusal(`${header}\n${first}\0`)).toMatch(/line 2: there is a NUL byte/)
    expect(await refusal(`${header}\n"${first}`)).toMatch(/this is no CSV/)
  })

  it('follows no link and misses what is not there', async () => {
    expect(await evaluated(task, { ...given, tree: { 'submission.csv': (path) => symlinkSync('../answers/answers.csv', path) } })).toMatchObject({ graded: false, code: 'submission_missing' })
    expect(await evaluated(task, { ...given, tree: {} })).toMatchObject({ graded: false, code: 'submission_missing' })
  })
})

const perfectOf = (task: string): Table => tables.find((table) => table.task === task) ?? tables[0]!
const submitTo = (task: string, ...lines: string[]): Promise<Reply> => evaluated(task, { ...perfectOf(task).given, tree: { 'submission.csv': [perfectOf(task).header, ...lines, ''].join('\n') } })

describe('The corrected and the paper\'s metric', () => {
  it('of spaceship-titanic differ when rows stand in another order', async () => {
    const reply = await submitTo('spaceship-titanic', '0001_02,False', '0001_01,True', '0002_01,1', '0003_01,True')
    expect(reply).toMatchObject({ value: 1, details: { rows: 4, right: 4 } })
    // The first two are exchanged, and the original did not know 1 for True.
    expect(reply.paper[0]).toMatchObject({ value: 0.25, baseline: 0.5, improvement: -0.5 })
  })

  it('of imdb count equal chances as negative, and pair by idx or by position', async () => {
    const reply = await submitTo('imdb', '3,0.5,0.5', '2.0,0,1', '1,0.5,0.5', '0,1,0')
    expect(reply).toMatchObject({ value: 0.5, details: { 'undecided, counted as negative': 2, 'right of the negative': 1, 'right of the positive': 1 } })
    expect(reply.paper[0]).toMatchObject({ value: 0 })
  })

  it('of imdb take one review under two spellings of its number for one', async () => {
    expect(await submitTo('imdb', '0,0,1', '1,0,1', '2,0,1', '2.0,1,0')).toMatchObject({ graded: false, code: 'bad_submission', message: expect.stringMatching(/line 5: .* in line 4/) })
  })

  it('of feedback are means of six errors, and the original scored files without ids', async () => {
    const off = await submitTo('feedback', '00E1,2,2,3,4,5,1.5', '0123,3,2,2,2,2,2', 'FFFF,4,3,3,3,3,3.5', 'ABCD,5,4,4,4,4,6')
    expect(off.value).toBeCloseTo((1 + 0 + 0 + 0 + 0 + 1) / 6, 12)
    expect(off.details).toMatchObject({ rmse: { cohesion: 1, syntax: 0, conventions: 1 } })
    const numbered = await submitTo('feedback', '0,1,2,3,4,5,1.5', '1,2,2,2,2,2,2', '2,3,3,3,3,3,3.5', '3,4,4,4,4,4,4')
    expect(numbered).toMatchObject({ graded: false, code: 'bad_submission' })
    expect(numbered.paper[0]).toMatchObject({ value: 0, improvement: 1 })
    expect(numbered.paper[0]?.baseline).toBeGreaterThan(2)
  })

  it('of parkinsons-disease pair by prediction, leave what has no rating aside, and show the original\'s order beside it', async () => {
    const { perfect } = perfectOf('parkinsons-disease')
    // In the order of the samples, month by month, a perfect submission is no perfect one by position: the original's answers went wait by wait.
    const reply = await submitTo('parkinsons-disease', perfect[0]!, perfect[2]!.replace(',0', ',4'), perfect[1]!, perfect[3]!)
    // |4 - 0| / (4 / 2 + 1), one of three.
    expect(reply.value).toBeCloseTo((100 * (4 / 3)) / 3, 12)
    expect(reply.details).toMatchObject({ asked: 4, graded: 3, 'by group': { 'plus 6 months': 0, updrs_1: reply.value } })
    expect(reply.paper[0]?.value).toBeCloseTo(reply.value, 12)
    const exchanged = await submitTo('parkinsons-disease', perfect[2]!, perfect[0]!, perfect[1]!, perfect[3]!)
    expect(exchanged.value).toBe(0)
    // 0 for 10, 10 for 0, 0 for 0.
    expect(exchanged.paper[0]?.value).toBeCloseTo((100 * (10 / 6 + 10 / 6)) / 3, 12)
  })
})
