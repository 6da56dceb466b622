/**
 * What the paper shows its agents (appendix D): scripts are read and changed through the AI actions, which keeps prompts short. Request Help only counts where a
 * person is there to be asked.
 */
export const PROMPTED_ACTIONS: readonly string[] = [
  'List Files', 'Copy File', 'Undo Edit Script', 'Execute Script', 'Final Answer', 'Request Help', 'Understand File', 'Inspect Script Lines', 'Edit Script (AI)',
]
