import { PLAYED, playTasks } from './task-runs.ts'

await playTasks(PLAYED.b)
