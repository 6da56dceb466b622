import { describe, expect, it } from 'vitest'
import { actionList, correction, mended, named, opening, readSpecs, responseFormat, toolName, toolNames, toolSpecs } from '../../../actors/agent/prompt/index.ts'
import type { ActionSpecText } from '../../../actors/agent/prompt/index.ts'

const SPEC: ActionSpecText = {
  name: 'Edit Script (AI)', description: 'Changes a script.', arguments: { script_name: 'the script', save_name: 'where "it" goes' }, returns: 'the difference', primitive: false,
  schema: { type: 'object', properties: { script_name: { type: 'string' } }, required: ['script_name'], additionalProperties: false },
}

describe('pieces of prompts', () => {
  it('an action is described with an example of its input that is JSON', () => {
    const list = actionList([SPEC, { ...SPEC, name: 'List Files' }])
    expect(list).toContain('### List Files\nChanges a script.')
    const input = /Action Input: (.*)/.exec(list)?.[1] ?? ''
    expect(JSON.parse(input)).toEqual({ script_name: '[the script]', save_name: '[where "it" goes]' })
  })

  it('tools carry the schema of the action and a name that providers take', () => {
    expect(JSON.parse(toolSpecs([SPEC]))).toEqual([{ name: 'edit_script_ai', description: 'Edit Script (AI): Changes a script. Gives back: the difference.', parameters: SPEC.schema }])
    for (const name of ['Python REPL', '(…)', 'é', 'x'.repeat(200), 'List  Files!']) expect(toolName(name)).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
  })

  it('actions whose tool names would be equal stay apart', () => {
    expect([...toolNames(['List Files', 'list files', 'List-Files', 'x'.repeat(70), 'x'.repeat(80)]).values()].map((name) => name.slice(-12))).toEqual(['list_files', 'list_files_2', 'list_files_3', 'x'.repeat(12), `${'x'.repeat(10)}_2`])
  })

  it('the format names the entries in their order, and so does a correction', () => {
    expect(responseFormat([{ name: 'Thought', guide: 'why' }, { name: 'Action', guide: 'what' }])).toContain('Thought: [why]\nAction: [what]')
    expect(correction('there is no Action.', ['Thought', 'Action'])).toMatch(/^Your last reply could not be used: there is no Action\. .*"Thought:", "Action:"/)
    expect([mended([]), mended(['comments', 'single quotes'])]).toEqual(['', 'Note on the form of your last reply: comments; single quotes.'])
  })

  it('a text that is recorded goes by its name, and the opening ends in a breakpoint', () => {
    expect(named({ text: 'long', ref: 'a'.repeat(64), bytes: 4 })).toEqual({ ref: 'a'.repeat(64), bytes: 4 })
    const { list } = opening('rules', { ref: 'b'.repeat(64), bytes: 9, text: 'the problem' })
    expect(list?.prev).toBeNull()
    expect(list?.items).toEqual([
      { role: 'system', text: { text: 'rules' }, keep: true }, { role: 'user', text: { text: 'The research problem:' }, keep: true }, { role: 'user', text: { ref: 'b'.repeat(64), bytes: 9 }, keep: true, breakpoint: true },
    ])
  })

  it('a briefing of the first version describes no actions', () => {
    expect(readSpecs('')).toEqual([])
    expect(readSpecs(JSON.stringify([SPEC]))).toEqual([SPEC])
  })
})
