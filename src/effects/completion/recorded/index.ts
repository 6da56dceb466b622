/** Answers of an earlier run, given again to byte-equal requests. */
export { collectAnswers } from './collect.ts'
export { exportAnswers, readAnswersFile } from './file.ts'
export type { RecordedAnswer, Recording } from './item.ts'
export { loadAnswers, storeAnswers } from './list.ts'
export { recordedProvider } from './provider.ts'
export { recordedAnswers, recordingOf } from './source.ts'
