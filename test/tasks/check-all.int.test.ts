import { expect, it } from 'vitest'
import { itHoldsForgeriesOf, paperTasks } from './check-forgeries.ts'

const tasks = await paperTasks()

it('All fifteen tasks of the paper are here', () => {
  expect(tasks.map(({ name }) => name)).toEqual([
    'babylm', 'bibtex-generation', 'cifar10', 'clrs', 'fathomnet', 'feedback', 'house-price', 'identify-contrails', 'imdb', 'literature-review-tool', 'llama-inference', 'ogbn-arxiv', 'parkinsons-disease',
    'spaceship-titanic', 'vectorization',
  ])
})

// Those that are scored by time take as long as many others together, and are in a file of their own.
await itHoldsForgeriesOf(tasks.filter(({ manifest }) => !manifest.grading.starter_timed))
