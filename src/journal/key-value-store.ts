/** What the journal needs of a store: ordered binary keys and atomic, durable batches. */
export interface KeyValueStore {
  get(key: Uint8Array): Promise<Uint8Array | undefined>
  /** Up to `limit` entries with gte <= key < lt, in key order. */
  range(options: { gte: Uint8Array; lt: Uint8Array; limit: number }): Promise<Array<[Uint8Array, Uint8Array]>>
  /** All or nothing, and durable when it resolves if `sync`. After one that failed, what it wrote may be there or not until reopen. */
  write(operations: readonly Operation[], options: { sync: boolean }): Promise<void>
  /** After a failed write: open again, and see only what is durable. Until it resolves no write is taken, and reads may fail. */
  reopen(): Promise<void>
  close(): Promise<void>
}

export type Operation = { key: Uint8Array; value: Uint8Array } | { key: Uint8Array; value?: undefined }
