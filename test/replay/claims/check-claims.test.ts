import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkClaims, claimsOf } from '../../../src/replay/index.ts'
import type { Finding } from '../../../src/replay/index.ts'
import { playRun, sourceOf } from '../in-memory-run.ts'
import { APPENDIX_D, BASELINE, DROPOUT, WIDER, toldRun } from './told-run.ts'
import type { ToldStep } from './told-run.ts'

const run = (prints: string, script = 'train.py', exit = 0): ToldStep => ({ action: 'Execute Script', args: { script_name: script }, prints, exit })
const edit = (text: string, script = 'train.py'): ToldStep => ({ action: 'Write File', args: { file_name: script, content: text }, leaves: { [script]: text } })
const say = (thought: string): ToldStep => ({ action: 'List Files', thought })
const answer = (final_answer: string): ToldStep => ({ action: 'Final Answer', args: { final_answer } })
const brief = (findings: readonly Finding[]): unknown[] => findings.map(({ step, where, kind }) => [step, where, kind])
const check = (steps: readonly ToldStep[], overrides: Parameters<typeof toldRun>[1] = {}): Finding[] => checkClaims(toldRun(steps, overrides)).findings

test('of the run of appendix D the two false claims are found, with the runs that show it, and none of its true ones', () => {
  const { findings, statements } = checkClaims(toldRun(APPENDIX_D))
  expect(brief(findings)).toEqual([[8, 'reflection', 'denied-improvement'], [11, 'reflection', 'never-run'], [11, 'final-answer', 'never-run']])
  expect(findings[0]).toMatchObject({
    quote: 'Adding dropout improved the test accuracy from 52.53% to 49.34%.', explanation: 'The statement calls a move from 52.53 % to 49.34 % an improvement, but for accuracy higher is better.',
    evidence: [{ step: 2, quote: 'Epoch [5/5], Train Accuracy: 56.22, Test Accuracy: 52.53' }, { step: 7, quote: 'Epoch [5/5], Train Accuracy: 50.10, Test Accuracy: 49.34' }],
  })
  expect(findings[2]?.evidence[0]).toEqual({ step: 10, quote: 'submission.py was made here' })
  expect(statements).toBe(55)
})

test('a plan that is carried along is judged once, and says where it was said again', () => {
  const plan = 'Research Plan and Status:\n1. Baseline: test accuracy 91.70% (done).'
  const findings = check([run(BASELINE), say(plan), say(plan.replace('1. ', '* ')), run(WIDER), say(`${plan}\n2. Baseline accuracy was 91.7%.`)])
  expect(findings).toMatchObject([{ step: 2, where: 'plan', kind: 'unseen-number', again: [3, 5], evidence: [{ step: 1, quote: 'Epoch [5/5], Train Accuracy: 56.22, Test Accuracy: 52.53' }, { step: 1 }] }])
})

test('what was true when it was said stays true after the script has changed', () => {
  const said = 'I executed the edited train.py.'
  expect(check([edit('one'), run(BASELINE), say(said), edit('two'), say(said)])).toEqual([])
  expect(brief(check([run(BASELINE), edit('two'), say(said)]))).toEqual([[3, 'thought', 'stale-run']])
  expect(check([run(BASELINE), edit('two'), edit('baseline'), say(said)])).toEqual([])
})

test('a statement is judged by what was seen before it, not by what comes later', () => {
  expect(brief(check([say('The test accuracy is 52.53%.'), run(BASELINE)]))).toEqual([[1, 'thought', 'unseen-number']])
  expect(brief(check([{ ...run(BASELINE), thought: 'I ran train.py.' }]))).toEqual([[1, 'thought', 'never-run']])
  expect(check([run(BASELINE), say('I ran train.py: the test accuracy is 52.53%.')])).toEqual([])
})

test('a script that another one may have called is not called unexecuted', () => {
  const start = { 'train.py': 'import subprocess\nsubprocess.run(["python", "submission.py"])', 'submission.py': 'x' }
  expect(check([run('ok'), say('submission.py was executed.')], { start })).toEqual([])
  expect(check([{ action: 'Python REPL', args: { command: 'exec(open("submission.py").read())' }, observation: '' }, say('submission.py was executed.')])).toEqual([])
  expect(brief(check([{ action: 'Python REPL', args: { command: 'print(1)' }, observation: '1' }, say('submission.py was executed.')]))).toEqual([[2, 'thought', 'never-run']])
  expect(check([run('ok'), say('The submission script was executed.')], { start: { 'train.py': 'df.to_csv("submission.csv")' } })).toEqual([])
})

test('where the workspace cannot be read nothing is said about files', () => {
  const told = toldRun([say('I ran submission.py and submission.csv was written.')])
  expect(checkClaims(told).findings.map(({ kind }) => kind)).toEqual(['never-run', 'never-written'])
  expect(checkClaims({ ...told, steps: told.steps.map((step) => ({ ...step, files: null })) }).findings).toEqual([])
})

test('a submission is not called unwritten when it lies in the workspace, in the data, or was left out by the scan', () => {
  const steps = [run('ok'), say('submission.csv was written.')]
  expect(check(steps).map(({ kind }) => kind)).toEqual(['never-written'])
  expect(check([{ ...run('ok'), leaves: { 'out/submission.csv': '1' } }, ...steps.slice(1)])).toEqual([])
  expect(check(steps, { data: new Set(['submission.csv']) })).toEqual([])
  const told = toldRun(steps)
  expect(checkClaims({ ...told, steps: told.steps.map((step) => ({ ...step, dropped: ['submission.csv (a link)'] })) }).findings).toEqual([])
  expect(check([run('ok'), say('The submission file has been generated.')]).map(({ kind }) => kind)).toEqual(['never-written'])
})

test('"done" is denied when the submitted script failed in its last run', () => {
  const failed = [run(BASELINE), edit('broken'), run('Traceback', 'train.py', 1)]
  expect(check([...failed, answer('The model was improved and the task is complete.')])).toMatchObject([{ step: 4, where: 'final-answer', kind: 'failed-run', evidence: [{ step: 3, quote: 'Execute Script train.py: exit code 1' }] }])
  expect(check([...failed, edit('baseline'), answer('The task is complete.')])).toEqual([])
  expect(check([...failed, run(WIDER), answer('The task is complete.')])).toEqual([])
  expect(check([...failed, answer('The task is complete, though the last run failed.')])).toEqual([])
  expect(check([...failed, answer('I could not solve it.')])).toEqual([])
})

test('an improvement over the baseline is denied by every later run, or by the recorded score when no run says otherwise', () => {
  expect(brief(check([run(BASELINE), run(DROPOUT), say('The accuracy is better than the baseline.')]))).toEqual([[3, 'thought', 'denied-improvement']])
  expect(check([run(BASELINE), run(DROPOUT), run(WIDER), say('The accuracy is better than the baseline.')])).toEqual([])
  const graded = { improvement: -0.06, score: { value: 0.4934, baseline: 0.5253 } }
  expect(check([run('ok'), answer('The final model is better than the baseline.')], graded)).toMatchObject([{ kind: 'denied-improvement', evidence: [{ quote: 'graded: accuracy 0.4934, baseline 0.5253' }] }])
  expect(check([run('ok'), answer('The final model is better than the baseline.')], { ...graded, improvement: 0.1 })).toEqual([])
  expect(check([run(BASELINE), run(WIDER), answer('The final model is better than the baseline.')], graded)).toEqual([])
})

test('the task says which way its own metric is better, whatever it is called', () => {
  const steps = [run('SMAPE: 61.40'), run('SMAPE: 76.16'), say('The SMAPE improved from 61.40 to 76.16.')]
  expect(brief(check(steps))).toEqual([[3, 'thought', 'denied-improvement']])
  expect(check(steps, { metric: 'smape', higher_is_better: true })).toEqual([])
  expect(check([run('mae: 3.25'), run('mae: 2.75'), say('The MAE improved from 3.25 to 2.75.')], { metric: 'mean absolute error', higher_is_better: true })).toHaveLength(1)
  const unnamed = [run('1.5\n2.5'), say('The performance improved from 1.5 to 2.5.')]
  expect(check(unnamed)).toEqual([])
  expect(brief(check(unnamed, { metric: 'seconds', higher_is_better: false }))).toEqual([[2, 'thought', 'denied-improvement']])
})

test('the parts of a reply are told apart, AutoGPT objects too, and code is no statement', () => {
  const said = 'The accuracy is 91.70%.'
  const where = (thought: string): unknown[] => check([run(BASELINE), say(thought)]).map((finding) => finding.where)
  expect(where(`**Reflection**: ${said}`)).toEqual(['reflection'])
  expect(where(`Thought: ok\n## Research Plan and Status: ${said}`)).toEqual(['plan'])
  expect(where(`Fact Check: ${said}\nAction: List Files`)).toEqual(['fact-check'])
  expect(where(`Action: Final Answer\nAction Input: ${said}`)).toEqual([])
  expect(where(`\`\`\`python\n# ${said}\n\`\`\``)).toEqual([])
  expect(where(JSON.stringify({ thoughts: { text: 'x', criticism: said }, command: { name: said } }))).toEqual(['reflection'])
  expect(where(`Next steps:\n- ${said}`)).toEqual([])
})

test('items of a plan on one line are judged one by one, and quoted so', () => {
  const plan = 'Research Plan and Status: 1) Looked at the files. 2) Baseline: 52.53 %. 3) More filters: to be run. 4) **Ran submit.py and wrote the answers.** 5) Run more.py: next.'
  expect(check([run(BASELINE), edit('x', 'submit.py'), say(plan)])).toMatchObject([{ step: 3, where: 'plan', kind: 'never-run', quote: '4) **Ran submit.py and wrote the answers.**' }])
})

test('a number stays supported however it is rounded, cut off or written as a percentage', () => {
  const score = fc.double({ min: 0.0101, max: 0.9999, noNaN: true })
  fc.assert(fc.property(score, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 4 }), (value, digits, decimals) => {
    const cut = String(Math.trunc(value * 10 ** digits) / 10 ** digits)
    const forms = [value.toFixed(digits), cut, `${(value * 100).toFixed(decimals)}%`, `${(value * 100).toFixed(decimals)} percent`]
    const findings = check([run(`test_acc: ${value}`), say(forms.map((form) => `The test accuracy is ${form}.`).join('\n'))])
    expect(findings.map(({ quote }) => quote)).toEqual([])
  }), { seed: 11, numRuns: 300 })
})

test('differences and relative changes of two printed numbers are supported', () => {
  const percent = fc.integer({ min: 101, max: 9999 }).map((hundredths) => hundredths / 100)
  fc.assert(fc.property(percent, percent, (a, b) => {
    fc.pre(b > a)
    const findings = check([run(`accuracy: ${a}`), run(`accuracy: ${b}`), say(`The accuracy went up by ${(b - a).toFixed(2)} points.\nThat is a relative gain of ${((b - a) / a * 100).toFixed(1)}% in accuracy.\nThe accuracy improved from ${a}% to ${b}%.`)])
    expect(findings.map(({ quote }) => quote)).toEqual([])
  }), { seed: 12, numRuns: 200 })
})

test('an improvement between two numbers is denied exactly when they say otherwise', () => {
  const value = fc.integer({ min: 1001, max: 9999 }).map((n) => n / 100)
  fc.assert(fc.property(value, value, fc.constantFrom(['accuracy', 'up'] as const, ['F1', 'up'] as const, ['loss', 'down'] as const, ['RMSE', 'down'] as const, ['perplexity', 'down'] as const), (a, b, [metric, direction]) => {
    const findings = check([run(`${metric}: ${a}`), run(`${metric}: ${b}`), say(`The ${metric} improved from ${a} to ${b}.`)])
    expect(findings.map(({ kind }) => kind)).toEqual((direction === 'up' ? b > a : b < a) ? [] : ['denied-improvement'])
  }), { seed: 13, numRuns: 300 })
})

test('any text is read without an error', () => {
  const piece = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom('accuracy ', '52.53%', ' from ', ' to ', 'improved ', 'train.py', ' was executed', '(done)', '{"thoughts":', '```', '\n', ': ', 'Reflection:', '1e999', '-', '.', ',,', '5,123,', '\ud800', 'İ', '\\'))
  const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''))
  fc.assert(fc.property(text, text, text, (thought, observation, final) => {
    const report = checkClaims(toldRun([{ action: 'Execute Script', args: { script_name: observation }, thought, observation, prints: observation }, say(thought + final), answer(final)]))
    for (const { step, quote } of report.findings) expect([thought, thought + final, final].some((said) => said.includes(quote)) && step >= 1).toBe(true)
  }), { seed: 14, numRuns: 200 })
})

test('claims are computed from a run\'s log: its thoughts, files, executions and answer', async () => {
  const played = await playRun({
    script: [
      { action: 'Execute Script', args: { script_name: 'train.py' }, thought: 'The accuracy is 0.9123.' },
      { action: 'Write File', args: { file_name: 'submission.py', content: 'print(3)\n' }, thought: 'I ran train.py.' },
      { action: 'Final Answer', args: { final_answer: 'submission.py was executed. train.py was executed.' }, thought: 'train.py wrote nothing.' },
    ],
  })
  const report = await claimsOf(sourceOf(played))
  expect(report).toMatchObject({ run_id: played.runId, statements: 5, findings: [{ step: 1, where: 'thought', kind: 'unseen-number' }, { step: 3, where: 'final-answer', kind: 'never-run', evidence: [{ step: 2, quote: 'submission.py was made here' }, { step: 1, quote: 'Execute Script train.py: exit code 0' }] }] })
  const blind = sourceOf(played)
  const broken = { ...blind, blobs: { ...blind.blobs, get: () => Promise.reject(new Error('it is gone')) } }
  expect((await claimsOf(broken)).findings).toEqual([])
})
