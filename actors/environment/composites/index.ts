export { editScript, editScriptSegment } from './edit-script.ts'
export { appendSummary, reflection, retrieval, SUMMARY_LIMIT } from './research-log.ts'
export { understandFile } from './understand-file.ts'
