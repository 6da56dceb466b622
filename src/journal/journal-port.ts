import type { kymo } from '../../schemas/generated/messages.js'

type J = typeof kymo.v1.journal
type MessageOf<C> = C extends { decode(bytes: Uint8Array): infer T } ? T : never

/** Every request a store's service answers, with its message names (proto/kymo/v1/journal.proto). */
export const OPERATIONS = {
  append: ['AppendRequest', 'AppendReply'],
  read: ['ReadRequest', 'ReadReply'],
  inbox: ['InboxRequest', 'InboxReply'],
  list: ['ListRequest', 'ListReply'],
  attach: ['AttachRequest', 'AttachReply'],
  detach: ['DetachRequest', 'DetachReply'],
  claim: ['ClaimRequest', 'ClaimReply'],
  heartbeat: ['HeartbeatRequest', 'HeartbeatReply'],
  release: ['ReleaseRequest', 'ReleaseReply'],
  blobPut: ['BlobPutRequest', 'BlobPutReply'],
  blobGet: ['BlobGetRequest', 'BlobGetReply'],
  blobHas: ['BlobHasRequest', 'BlobHasReply'],
  viewPut: ['ViewPutRequest', 'ViewPutReply'],
  viewGet: ['ViewGetRequest', 'ViewGetReply'],
  check: ['CheckRequest', 'CheckReply'],
  import: ['ImportRequest', 'ImportReply'],
  gate: ['GateRequest', 'GateReply'],
  hello: ['HelloRequest', 'HelloReply'],
  down: ['DownRequest', 'DownReply'],
} as const satisfies Record<string, readonly [keyof J, keyof J]>

export type OperationName = keyof typeof OPERATIONS
export type Request<O extends OperationName> = MessageOf<J[(typeof OPERATIONS)[O][0]]>
export type Reply<O extends OperationName> = MessageOf<J[(typeof OPERATIONS)[O][1]]>

/** A store, in this process (Journal) or behind NATS (a client): the same calls, the same decisions. */
export type JournalPort = { [O in OperationName]: (request: Partial<Request<O>>) => Promise<Reply<O>> }
