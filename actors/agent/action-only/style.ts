import type { Style } from '../text-format/index.ts'

export const ACTION_ONLY: Style = {
  id: 'action-only',
  introduction: 'You solve the research problem that follows. You work in a folder of files, by taking one action at a time. Reply with the action alone, without a word of explanation.',
  rules: [],
  entries: [],
  beginning: 'Begin with your first reply.',
}
