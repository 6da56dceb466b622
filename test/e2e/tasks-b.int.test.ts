import { PLAYED, playTasks } from './task-runs.ts'

playTasks(PLAYED.b)
