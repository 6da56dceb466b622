import { itHoldsForgeriesOf, paperTasks } from './check-forgeries.ts'

await itHoldsForgeriesOf((await paperTasks()).filter(({ manifest }) => manifest.grading.starter_timed))
