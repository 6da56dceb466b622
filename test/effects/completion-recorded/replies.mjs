// A model for tests: the agent's replies in order, and numbered answers to whatever else is asked, so that equal questions get different answers.
const understand = 'Thought: look\nAction: Understand File\nAction Input: {"file_name": "train.py", "things_to_look_for": "the slope"}'
const replies = [
  'Thought: look\nAction: List Files\nAction Input: {"dir_path": "."}', understand, understand,
  'Thought: run\nAction: Execute Script\nAction Input: {"script_name": "train.py"}', understand,
  'Thought: done\nAction: Final Answer\nAction Input: {"final_answer": "The slope is two."}',
]
let asked = 0

export const reply = ({ role, nth, tries }) => {
  if (role !== 'model') return `Answer ${++asked}.`
  // One first try fails, as with real providers.
  return nth === 1 && tries === 1 ? { error: 'busy', code: 'overloaded' } : replies[nth]
}
