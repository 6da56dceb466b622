import { readFile } from 'node:fs/promises'
import { KymoError, messageOf } from '../../../schemas/errors.ts'
import { paperRecord } from '../../../schemas/services.ts'
import type { PaperRecord } from '../../../schemas/services.ts'

/** Words of a record's fields, by which it is found. */
export interface IndexedPaper { paper: PaperRecord; words: Record<Field, readonly string[]> }
export const FIELDS = ['ti', 'au', 'abs', 'cat'] as const
export type Field = (typeof FIELDS)[number]

export interface Corpus { papers: readonly IndexedPaper[]; byId: ReadonlyMap<string, PaperRecord>; /** in how many papers a word stands */ frequency: ReadonlyMap<string, number> }

/** Records from a file with one JSON object a line. Throws KYMO_CORPUS with the line that is wrong. */
export async function loadCorpus(file: string): Promise<Corpus> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => { throw new KymoError('KYMO_CORPUS', `the papers of the literature service cannot be read: ${messageOf(cause)}. Prepare the task's data again`, { cause }) })
  const records = text.split('\n').flatMap((line, index) => (line === '' ? [] : [recordOf(line, `${file} line ${index + 1}`)]))
  const papers = records.map((paper) => ({ paper, words: { ti: wordsOf(paper.title), au: wordsOf(paper.authors.join(' ')), abs: wordsOf(paper.summary), cat: paper.categories.map((one) => one.toLowerCase()) } }))
  const frequency = new Map<string, number>()
  for (const { words } of papers) for (const word of new Set([...words.ti, ...words.au, ...words.abs])) frequency.set(word, (frequency.get(word) ?? 0) + 1)
  return { papers, byId: new Map(records.map((paper) => [paper.id, paper])), frequency }
}

function recordOf(line: string, at: string): PaperRecord {
  try {
    return paperRecord.parse(JSON.parse(line))
  } catch (cause) {
    throw new KymoError('KYMO_CORPUS', `${at} is no paper record: ${messageOf(cause)}`, { cause })
  }
}

/** Lower-case words without accents and plural endings; numbers and names with digits stay whole. */
export const wordsOf = (text: string): string[] => (text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase().match(/[a-z0-9]+/g) ?? []).map(stem)

const stem = (word: string): string => (word.length > 4 && word.endsWith('ies') ? `${word.slice(0, -3)}y` : word.length > 3 && word.endsWith('s') && !/(ss|us|is)$/.test(word) ? word.slice(0, -1) : word)
