import { textFormatLogic } from '../text-format/index.ts'
import type { ActorLogic } from '../../logic.ts'
import { RESEARCH } from './style.ts'

export const research: ActorLogic = textFormatLogic('agent/research', RESEARCH)
