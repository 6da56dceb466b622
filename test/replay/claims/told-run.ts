import { sha256Hex } from '../../../schemas/hash.ts'
import type { ClaimRun, ClaimStep } from '../../../src/replay/claims/index.ts'

export interface ToldStep {
  thought?: string
  action: string
  args?: Record<string, unknown>
  observation?: string
  /** what the script printed; makes the step an execution */
  prints?: string
  exit?: number
  /** files that the step leaves: text by path */
  leaves?: Record<string, string>
}

/** A run as the checker sees it, from the story of its steps. Execute Script runs the file as it is then. */
export function toldRun(steps: readonly ToldStep[], overrides: Partial<ClaimRun> & { start?: Record<string, string> } = {}): ClaimRun {
  const { start = { 'train.py': 'baseline' }, ...rest } = overrides
  const texts = new Map<string, string>()
  let files = new Map<string, string>()
  const put = (made: Record<string, string>): void => {
    files = new Map(files)
    for (const [path, text] of Object.entries(made)) {
      texts.set(sha256Hex(text), text)
      files.set(path, sha256Hex(text))
    }
  }
  put(start)
  const told: ClaimStep[] = steps.map((step, index) => {
    const args = step.args ?? {}
    const script = String(args['script_name'] ?? '')
    const before = files
    const exit = step.exit ?? 0
    if (step.leaves !== undefined) put(step.leaves)
    return {
      step: index + 1, action: step.action, arguments: JSON.stringify(args), fields: Object.fromEntries(Object.entries(args).map(([name, value]) => [name, String(value)])), thought: step.thought ?? '',
      observation: step.observation ?? (step.prints === undefined ? '' : `The script ${script} ${exit === 0 ? 'finished' : `ended with exit code ${exit}`}. Its output:\n${step.prints}`), accepted: true, files: before, dropped: [],
      execution: step.prints === undefined ? null : { script, good: exit === 0, how: `exit code ${exit}`, output: step.prints, version: before.get(script) ?? '', seconds: 12 },
    }
  })
  return { run_id: 'told', problem: '', entry: 'train.py', metric: 'accuracy', higher_is_better: true, steps: told, answer: '', improvement: null, score: null, data: new Set(), texts, ...rest }
}

const epochs = (values: readonly number[], train: number): string => values.map((test, index) => `Epoch [${index + 1}/5], Train Accuracy: ${(train - 4 + index).toFixed(2)}, Test Accuracy: ${test.toFixed(2)}`).join('\n')

export const BASELINE = epochs([43.71, 48.41, 52.89, 53.15, 52.53], 56.22)
export const HIGH_RATE = epochs([10.02, 9.98, 10, 10.01, 10], 10.4)
export const DROPOUT = epochs([41.2, 45.3, 47.9, 48.8, 49.34], 50.1)
export const WIDER = epochs([49.04, 59.32, 58.69, 60.22, 64.31], 66.9)
const reply = (reflection: string, plan: string, facts: string, thought: string): string => `Reflection: ${reflection}\nResearch Plan and Status:\n${plan}\nFact Check:\n${facts}\nThought: ${thought}`

/** Eleven steps in the shape of the paper's appendix D: its two false claims among true ones. */
export const APPENDIX_D: readonly ToldStep[] = [
  { action: 'Understand File', args: { file_name: 'train.py', things_to_look_for: 'the model' }, observation: 'A small convolutional network with 16 filters, trained for 5 epochs with learning rate 0.1.', thought: reply('Nothing is known yet.', '1. Read train.py.\n2. Run it for a baseline.\n3. Improve the test accuracy by at least 10%.', '- None yet.', 'I will look at the script first.') },
  { action: 'Execute Script', args: { script_name: 'train.py' }, prints: BASELINE, thought: reply('train.py trains a network with 16 filters for 5 epochs.', '1. Read train.py (done).\n2. Run train.py for a baseline.', '- The learning rate is 0.1, as the script says.', 'I need a baseline before changing anything.') },
  { action: 'Edit Script (AI)', args: { script_name: 'train.py', edit_instruction: 'Set the learning rate to 0.3', save_name: 'train.py' }, observation: 'diff: lr 0.3', leaves: { 'train.py': 'lr 0.3' }, thought: reply('The baseline ran: after 5 epochs the test accuracy is 52.53% and the train accuracy 56.22%.', '1. Read train.py (done).\n2. Run train.py for a baseline (done): test accuracy 52.53%.\n3. Try a higher learning rate, expected 60% accuracy.', '- The baseline test accuracy of 52.53% was printed by the run of train.py.\n- That a higher learning rate helps is a guess.', 'I will set the rate to 0.3.') },
  { action: 'Execute Script', args: { script_name: 'train.py' }, prints: HIGH_RATE, thought: reply('train.py now uses a learning rate of 0.3.', '3. Run train.py with learning rate 0.3.', '- The edit was made; it has not been run yet.', 'Run it.') },
  { action: 'Undo Edit Script', args: { script_name: 'train.py' }, observation: 'undone', leaves: { 'train.py': 'baseline' }, thought: reply('With learning rate 0.3 the test accuracy fell from 52.53% to 10.00%.', '3. Learning rate 0.3: accuracy dropped to 10% (done).\n4. Undo, then try dropout.', '- The accuracy of 10.00% is in the output of the last run.', 'Undo the edit.') },
  { action: 'Edit Script (AI)', args: { script_name: 'train.py', edit_instruction: 'Add dropout 0.5', save_name: 'train.py' }, observation: 'diff: dropout 0.5', leaves: { 'train.py': 'dropout' }, thought: reply('The edit is undone.', '4. Add dropout of 0.5, which should bring the accuracy above 55%.', '- The undo was confirmed.', 'Edit the script.') },
  { action: 'Execute Script', args: { script_name: 'train.py' }, prints: DROPOUT, thought: reply('Dropout was added.', '4. Run train.py with dropout.', '- Whether it helps is unknown.', 'Run it.') },
  { action: 'Edit Script (AI)', args: { script_name: 'train.py', edit_instruction: 'Use 32 and 64 filters', save_name: 'train.py' }, observation: 'diff: 32, 64 filters', leaves: { 'train.py': 'wider' }, thought: reply('Adding dropout improved the test accuracy from 52.53% to 49.34%.', '4. Dropout (done): 49.34% test accuracy.\n5. Widen the network to 32 and 64 filters.', '- The test accuracy with dropout is 49.34%, as the run printed.', 'I will widen the network next.') },
  { action: 'Execute Script', args: { script_name: 'train.py' }, prints: WIDER, thought: reply('The network has 32 and 64 filters now.', '5. Run train.py with the wider network.', '- The edit is in the diff.', 'Run it.') },
  { action: 'Edit Script (AI)', args: { script_name: 'submission.py', edit_instruction: 'Write predictions with index=False', save_name: 'submission.py' }, observation: 'diff: submission', leaves: { 'submission.py': 'to_csv' }, thought: reply('The wider network improved the test accuracy from 52.53% to 64.31%, a relative gain of 22.4%.', '5. Wider network (done): 64.31%.\n6. Write a submission script and run it.', '- The test accuracy of 64.31% was printed after epoch 5.', 'I will write submission.py.') },
  { action: 'Final Answer', args: { final_answer: 'The wider network reaches a test accuracy of 64.31%, against 52.53% for the baseline. After running the submission script, the predictions were saved.' }, thought: reply('The submission script was executed and everything is in place.', '6. Submission script written (done).', '- The best test accuracy is 64.31%.', 'I can submit now.') },
]
