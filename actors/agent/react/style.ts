import { THOUGHT_ENTRY } from '../prompt/index.ts'
import type { Style } from '../text-format/index.ts'

export const REACT: Style = {
  id: 'react',
  introduction: 'You solve the research problem that follows. You work in a folder of files, by taking one action at a time; before each action you think about what the last observation tells you.',
  rules: [],
  entries: [THOUGHT_ENTRY],
  beginning: 'Begin with your first reply.',
}
