import { expect, it } from 'vitest'
import { PLAYED, ourTasks, playTasks } from './task-runs.ts'

it('every task is played in one of two files', async () => {
  expect([...PLAYED.a, ...PLAYED.b].toSorted()).toEqual(await ourTasks())
})

playTasks(PLAYED.a)
