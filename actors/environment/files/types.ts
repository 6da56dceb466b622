/** What a file action asks its driver for: the bytes of a blob, or to keep bytes and say their hash. */
export type FileNeed = { get: string } | { put: Uint8Array; kind: 'bytes' | 'text' | 'tree' | 'list' }

export interface FileInput {
  action: string
  args: Record<string, unknown>
  /** hash of the workspace's manifest; '' is the empty tree */
  tree: string
  /** the task's immutable data: never writable, seen at `mount` ('' is the workspace's root) */
  layers: { mount: string; tree: string }[]
  /** hash of the newest node of the edit list, '' when nothing was edited yet */
  edits: string
  /** globs */
  readOnly: string[]
  step: number
}

export interface FileResult {
  ok: boolean
  /** '' or why not: see RefusalCode */
  code: string
  /** what the agent is told */
  observation: string
  tree: string
  edits: string
  /** the tree is another one than before */
  changed: boolean
}

export type RefusalCode =
  | 'bad_arguments' | 'bad_path' | 'bad_range' | 'binary' | 'is_directory' | 'not_directory' | 'not_found' | 'nothing_to_undo'
  | 'outside' | 'read_only' | 'same_file' | 'too_large' | 'unknown_action'

/** Why an action did nothing, in a sentence for the agent. */
export class FileRefusal extends Error {
  readonly code: RefusalCode
  constructor(code: RefusalCode, sentence: string) {
    super(sentence)
    this.name = 'FileRefusal'
    this.code = code
  }
}

/** A file action or a part of one. */
export type FileSteps<Result> = Generator<FileNeed, Result, Uint8Array | string>

export function* getBlob(hash: string): FileSteps<Uint8Array> {
  const answer = yield { get: hash }
  if (typeof answer === 'string') throw new TypeError('a get is answered with bytes')
  return answer
}

export function* putBlob(put: Uint8Array, kind: 'bytes' | 'text' | 'tree' | 'list'): FileSteps<string> {
  const answer = yield { put, kind }
  if (typeof answer !== 'string') throw new TypeError('a put is answered with a hash')
  return answer
}
