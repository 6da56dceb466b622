import { textFormatLogic } from '../text-format/index.ts'
import type { ActorLogic } from '../../logic.ts'
import { REACT } from './style.ts'

export const react: ActorLogic = textFormatLogic('agent/react', REACT)
