import { KymoError } from '../../schemas/errors.ts'
import { unhex } from '../../schemas/hash.ts'
import type { KeyValueStore } from './key-value-store.ts'
import { servedKey } from './keys.ts'
import { damageText } from './names.ts'
import { readRun } from './read-run.ts'
import type { RunState } from './run-state.ts'
import { decodeServing } from './serving.ts'
import type { Serving } from './serving.ts'
import type { StoreGuard } from './store-guard.ts'
import type { Witness } from './witness.ts'

/** A run in memory. `state` is undefined for a run that the store does not hold. */
export interface LoadedRun { state: RunState | undefined; serving: Serving | undefined; usedAt: number }

export interface LoadedRuns {
  get(run: string): LoadedRun | undefined
  /** Folds and checks a run when it is first touched. Throws KYMO_STORE_UNAVAILABLE when the store cannot be read. */
  load(run: string): Promise<LoadedRun>
  /** Forgets what is in memory: the store has the truth. */
  drop(run: string): void
  values(): Iterable<LoadedRun>
  entries(): Iterable<[string, LoadedRun]>
}

interface Parts { store: KeyValueStore; witness: Witness | undefined; guard: StoreGuard; onLoaded: (run: LoadedRun) => void; onProblem: (message: string) => void }

/** The runs whose state the journal holds in memory. */
export function createLoadedRuns({ store, witness, guard, onLoaded, onProblem }: Parts): LoadedRuns {
  const runs = new Map<string, LoadedRun>()
  const loading = new Map<string, Promise<LoadedRun>>()

  const read = async (run: string): Promise<LoadedRun> => {
    await guard.ready()
    const bytes = unhex(run)
    if (bytes.length !== 16) throw new KymoError('KYMO_RUN_ID', 'a run id has 16 bytes')
    const state = await readRun(store, witness, bytes)
    const row = state === undefined ? undefined : await store.get(servedKey(bytes))
    if (state?.damage !== undefined) onProblem(damageText(state))
    const loaded: LoadedRun = { state, serving: row === undefined ? undefined : decodeServing(row), usedAt: performance.now() }
    runs.set(run, loaded)
    onLoaded(loaded)
    return loaded
  }

  return {
    get: (run) => {
      const loaded = runs.get(run)
      if (loaded !== undefined) loaded.usedAt = performance.now()
      return loaded
    },
    load: (run) => {
      const known = runs.get(run) ?? loading.get(run)
      if (known !== undefined) return Promise.resolve(known)
      const begun = read(run).finally(() => loading.delete(run))
      loading.set(run, begun)
      return begun
    },
    drop: (run) => { runs.delete(run) },
    values: () => runs.values(),
    entries: () => runs.entries(),
  }
}
