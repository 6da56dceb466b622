import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { joinedActions, loadActions } from '../../src/effects/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'kymo-actions-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const file = (content: string, extension = 'yaml'): string => {
  const path = join(folder, `tools${files++}.${extension}`)
  writeFileSync(path, content)
  return path
}

const TOOL = `
- name: Run Tests
  description: Runs the tests.
  arguments: { which: the file of tests }
  returns: what they said
  does:
    - action: Execute Script
      args: { script_name: run_tests.py }
      arguments: ["{{which}}"]
`
const EXPECTED = [{ name: 'Run Tests', description: 'Runs the tests.', arguments: { which: 'the file of tests' }, returns: 'what they said', does: [{ action: 'Execute Script', args: { script_name: 'run_tests.py' }, arguments: ['{{which}}'] }] }]

describe('a file of added actions', () => {
  it.each([
    ['a YAML list', TOOL, 'yaml'], ['a YAML mapping', `actions:\n${TOOL.replaceAll('\n', '\n  ')}`, 'yml'], ['JSON', JSON.stringify(EXPECTED), 'json'], ['a module', `export const actions = ${JSON.stringify(EXPECTED)}`, 'mjs'],
    ['a module with a default export', `export default { actions: ${JSON.stringify(EXPECTED)} }`, 'mjs'],
  ])('%s', async (_what, content, extension) => { expect(await loadActions(file(content, extension))).toEqual(EXPECTED) })

  it.each([
    ['a name of Kymo\'s own', TOOL.replace('Run Tests', 'Read File'), /Read File is one of Kymo's own actions/], ['a name that could be anything', TOOL.replace('Run Tests', 'run/tests'), /tools\d+\.yaml, run\/tests, name: write a name of up to 60/],
    ['an unknown primitive', TOOL.replace('Execute Script', 'Delete File'), /Run Tests, does, 1, action: write one of List Files/], ['Final Answer, which is no part of anything', TOOL.replace('Execute Script', 'Final Answer'), /write one of/],
    ['a template without its argument', TOOL.replace('{{which}}', '{{what}}'), /Run Tests, does, 1, arguments, 1: there is no argument "what"/], ['a missing argument of a primitive', TOOL.replace('script_name: run_tests.py', ''), /does, 1, args, script_name: Execute Script needs it/],
    ['an argument too many', TOOL.replace('script_name: run_tests.py', 'script_name: a, mode: b'), /takes script_name only/], ['arguments where there is no script', TOOL.replace('Execute Script', 'Undo Edit Script'), /only Execute Script takes arguments/],
    ['nothing to do', TOOL.replace(/does:[^]*$/, 'does: []'), /at least one thing/], ['a field of its own', `${TOOL}  more: 1\n`, /Run Tests: there is no such field: more/], ['the same name twice', TOOL + TOOL, /two actions of the name Run Tests/],
    ['no list', 'name: Run Tests', /write a list of actions/], ['no YAML', '{', /cannot be read/], ['an argument with a capital', TOOL.replaceAll('which', 'Which'), /small letters/], ['an argument named like a prototype', TOOL.replaceAll('which', '__proto__'), /there is no argument "__proto__"/],
  ])('%s is refused with what to write', async (_what, content, sentence) => {
    await expect(loadActions(file(content))).rejects.toMatchObject({ code: 'KYMO_ADDED_ACTIONS', message: expect.stringMatching(sentence) })
  })

  it('one that is not there is named', async () => {
    await expect(loadActions(join(folder, 'none.yaml'))).rejects.toThrow(/none\.yaml cannot be read/)
  })

  it('of a task and of a run may not share a name', async () => {
    const actions = await loadActions(file(TOOL))
    expect(joinedActions(actions, [])).toEqual(actions)
    expect(() => joinedActions(actions, actions)).toThrow(/both add an action of the name Run Tests/)
  })
})
