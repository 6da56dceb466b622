/**
 * What a model refused, as CompletionSpec.omit lists it: names of parameters, and `max_tokens:N`, which is a cap and not a refusal.
 */
export interface Omitted { has: (parameter: string) => boolean; cap: number }

export const readOmit = (omit: readonly string[]): Omitted => ({
  has: (parameter) => omit.includes(parameter),
  cap: Math.min(...omit.flatMap((one) => { const match = /^max_tokens:(\d+)$/.exec(one); return match === null ? [] : [Number(match[1])] }), Infinity),
})
