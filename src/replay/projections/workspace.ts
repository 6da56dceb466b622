import type { Projection } from './projection.ts'

export interface StepPlace { step: number; action: string; /** first and last seq of the step */ seqs: [number, number]; /** workspace after the step */ tree: string; at: number }
export interface StepIndex {
  /** workspace before the first step */
  start: string
  steps: StepPlace[]
}

interface State { index: StepIndex; tree: string; asked: Map<string, number> }

/** Where each step stands in the log and which tree it left. */
export const stepIndexProjection: Projection<State, StepIndex> = {
  name: 'steps',
  version: 1,
  initial: () => ({ index: { start: '', steps: [] }, tree: '', asked: new Map() }),
  apply: (state, event) => {
    const { steps } = state.index
    if (event.type === 'run.started') state.index.start = state.tree = event.payload.tree
    else if (event.type === 'action.requested') state.asked.set(event.id, event.seq)
    else if (event.type === 'step.begun' && event.payload.step === steps.length + 1) {
      steps.push({ step: event.payload.step, action: event.payload.name, seqs: [state.asked.get(event.causeId) ?? event.seq, event.seq], tree: state.tree, at: event.at })
      state.asked.delete(event.causeId)
    } else if (event.type === 'workspace.changed' || event.type === 'observation.delivered') {
      const tree = event.type === 'workspace.changed' ? event.payload.after : event.payload.tree
      state.tree = tree
      const place = steps[event.payload.step - 1]
      if (place !== undefined) Object.assign(place, { tree, at: event.at, seqs: [place.seqs[0], event.seq] })
    }
    return state
  },
  result: ({ index }) => structuredClone(index),
}

/** The workspace after a step (0: before the first one). Undefined for a step that the run did not reach. */
export const treeAfter = (index: StepIndex, step: number): string | undefined => (step === 0 ? index.start : index.steps[step - 1]?.tree)
