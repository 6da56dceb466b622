export { anthropic } from './anthropic.ts'
export { openai, openaiCompatible } from './openai.ts'
export { argumentsOf } from './reply.ts'
