import { expect, it } from 'vitest'
import { DEFAULT_SCRIPT_LIMITS, partialScriptLimitsSchema, scriptArguments, scriptLimitsSchema, startedCommand } from '../../../src/effects/sandbox/index.ts'

it('shows the command as an agent would type it', () => {
  expect(startedCommand('train.py', [])).toBe('python -u train.py')
  expect(startedCommand('my train.py', ['--lr', '0.1', "it's"])).toBe(`python -u 'my train.py' --lr 0.1 'it'\\''s'`)
})

it('never lets a script name be an option', () => {
  expect(scriptArguments('-c', [])).toEqual(['-u', './-c'])
  expect(scriptArguments('-', [])).toEqual(['-u', './-'])
})

it.each(['', '/etc/passwd', '../x.py', 'a/../../x.py', 'folder/', 'nul\0.py'])('refuses %j as a script', (script) => {
  expect(() => scriptArguments(script, [])).toThrow(/is not the path of a file in the workspace/)
})

it('refuses an argument that no command line can carry', () => {
  expect(() => scriptArguments('a.py', ['x\0y'])).toThrow(/NUL byte/)
})

it('fills limits that are left out, and refuses unknown and absurd ones', () => {
  expect(partialScriptLimitsSchema.parse({ wallMs: 5 })).toEqual({ ...DEFAULT_SCRIPT_LIMITS, wallMs: 5 })
  expect(scriptLimitsSchema.parse(DEFAULT_SCRIPT_LIMITS)).toEqual(DEFAULT_SCRIPT_LIMITS)
  expect(scriptLimitsSchema.safeParse({ ...DEFAULT_SCRIPT_LIMITS, memoryBytes: 4 << 30 }).success).toBe(false)
  expect(partialScriptLimitsSchema.safeParse({ wall: 5 }).success).toBe(false)
})
