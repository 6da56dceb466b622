/** What somebody who died waits for. */
export const never = new Promise<never>(() => undefined)
