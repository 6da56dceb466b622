import { textFormatLogic } from '../text-format/index.ts'
import type { ActorLogic } from '../../logic.ts'
import { ACTION_ONLY } from './style.ts'

export const actionOnly: ActorLogic = textFormatLogic('agent/action-only', ACTION_ONLY)
