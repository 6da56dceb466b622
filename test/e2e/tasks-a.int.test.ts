import { expect, it } from 'vitest'
import { paperTasks } from '../tasks/check-forgeries.ts'
import { PLAYED, playTasks } from './task-runs.ts'

it('every task is played in one of two files', async () => {
  expect([...PLAYED.a, ...PLAYED.b].toSorted()).toEqual((await paperTasks()).map(({ name }) => name))
})

await playTasks(PLAYED.a)
