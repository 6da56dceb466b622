import type { AnyEvent } from '../../../schemas/record.ts'
import { placeOf, problem } from '../problem.ts'
import type { Check, Problem } from '../problem.ts'

/** The workspace's trees form one chain: each change goes on from the tree before it, to the tree that an outcome named, or back to one that the run had. */
export function workspaceCheck(): Check {
  let head = ''
  /** every tree that the run ever had: what an action may begin from */
  const lineage = new Set<string>()
  /** tree that an event brought, by the event's id, until its reaction used it */
  const brought = new Map<string, string>()
  /** tree that a script left, by the instance that will report it */
  const left = new Map<string, string>()

  const wrong = (event: AnyEvent, field: string, expected: string, actual: string, why: string): Problem[] =>
    expected === actual ? [] : [problem('workspace', placeOf(event), field, expected || 'the empty tree', actual || 'the empty tree', `seq ${event.seq} (${event.type}): ${why}`)]

  return {
    apply: (event) => {
      switch (event.type) {
        case 'run.started':
          head = event.payload.tree
          lineage.add(head)
          return []
        case 'effect.succeeded': {
          const { file, execution } = event.payload
          if (file?.changed === true) brought.set(event.id, file.tree)
          if (execution !== undefined) left.set(event.to, execution.tree)
          return []
        }
        case 'execution.finished': {
          const tree = left.get(event.from)
          left.delete(event.from)
          brought.set(event.id, event.payload.tree)
          return tree === undefined ? [] : wrong(event, 'tree', event.payload.tree, tree, `${event.from} reports another tree than its script left`)
        }
        case 'workspace.changed': {
          const { before, after, by } = event.payload
          if (by === 'branch') {
            const found = wrong(event, 'before', before, head, 'the change does not go on from the tree before it')
            if (!lineage.has(after)) found.push(problem('workspace', placeOf(event), 'after', after || 'the empty tree', 'nothing', `seq ${event.seq}: an action began from a tree that the run never had`))
            head = after
            return found
          }
          const tree = brought.get(event.causeId)
          brought.delete(event.causeId)
          const found = [
            ...wrong(event, 'before', before, head, 'the change does not go on from the tree before it'),
            ...(tree === undefined
              ? [problem('workspace', placeOf(event), 'after', after, 'nothing', `seq ${event.seq}: the workspace changed though no outcome brought another tree`)]
              : wrong(event, 'after', after, tree, 'the workspace became another tree than the outcome names')),
          ]
          head = after
          return found
        }
        case 'observation.delivered':
          lineage.add(event.payload.tree)
          return wrong(event, 'tree', event.payload.tree, head, 'the observation names another tree than the workspace is')
        case 'run.finished': return event.payload.tree === '' ? [] : wrong(event, 'tree', event.payload.tree, head, 'the run ended with another tree than the workspace was')
        default: return []
      }
    },
  }
}
