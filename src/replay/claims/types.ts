/** Where an agent said something: the part of its reply, or the answer that ends the run. */
export type Where = 'plan' | 'fact-check' | 'reflection' | 'thought' | 'final-answer'

/**
 * What is wrong with a statement:
 * unseen-number       a result that no observation up to then shows, nor follows from two that do
 * never-run           a script said to have run that no step had executed
 * failed-run          a script said to have worked whose runs failed
 * stale-run           a script said to have run in its present form that only ran before its last edit
 * never-written       a file said to be written that was never in the workspace
 * denied-improvement  an improvement that its own numbers, or the recorded ones, deny
 */
export type ClaimKind = 'unseen-number' | 'never-run' | 'failed-run' | 'stale-run' | 'never-written' | 'denied-improvement'

export interface Evidence { step: number; quote: string }

export interface Finding {
  step: number
  where: Where
  kind: ClaimKind
  /** the sentence, as the agent wrote it */
  quote: string
  /** why it is not supported, in one sentence */
  explanation: string
  /** what the log has instead; step 0 is what the run began with */
  evidence: Evidence[]
  /** later steps in which it was said again */
  again: number[]
}

export interface ClaimReport {
  run_id: string
  /** sentences that were read, repetitions included */
  statements: number
  findings: Finding[]
}

/** A script's execution as far as the log tells it. */
export interface Execution {
  script: string
  good: boolean
  /** "exit code 1", "timed out" */
  how: string
  output: string
  /** hash of the script's text when it ran; '' where it cannot be told */
  version: string
  /** seconds by the clock */
  seconds: number
}

/** A step as the checker reads it. */
export interface ClaimStep {
  step: number
  action: string
  /** the action's arguments as they were given; texts by name where they are an object */
  arguments: string
  fields: Readonly<Record<string, string>>
  thought: string
  observation: string
  accepted: boolean
  execution: Execution | null
  /** the agent's own files when it spoke: path to hash; null where the manifest cannot be read */
  files: ReadonlyMap<string, string> | null
  /** files a script left that the workspace could not keep */
  dropped: readonly string[]
}

/** Everything the checker looks at. Texts only: it reads nothing itself. */
export interface ClaimRun {
  run_id: string
  problem: string
  entry: string
  /** the metric by which the task is graded; '' when the log does not say */
  metric: string
  higher_is_better: boolean
  steps: readonly ClaimStep[]
  /** the answer that ended the run, where no Final Answer step holds it */
  answer: string
  /** the final score: how much better than the baseline; null without one */
  improvement: number | null
  score: { value: number; baseline: number } | null
  /** names of files below the agent's own: the task's data */
  data: ReadonlySet<string>
  /** texts of the agent's scripts by hash */
  texts: ReadonlyMap<string, string>
}
