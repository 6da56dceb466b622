/** An event that its recipient has not stepped yet. */
export interface Pending { seq: number; id: string }

/** A queue: taking from the front costs the same however long it is. */
export interface Inbox { items: Pending[]; head: number }

export const push = (inbox: Inbox, pending: Pending): void => {
  inbox.items.push(pending)
}

export const front = (inbox: Inbox | undefined): Pending | undefined => inbox?.items[inbox.head]

export const pop = (inbox: Inbox): void => {
  inbox.head++
  if (inbox.head < 64 || inbox.head * 2 < inbox.items.length) return
  inbox.items = inbox.items.slice(inbox.head)
  inbox.head = 0
}

export const pendingOf = (inbox: Inbox): Pending[] => inbox.items.slice(inbox.head)
