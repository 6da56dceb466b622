/** What a provider may be asked for, over all runs of a store. Infinity: no limit. */
export interface Limits { concurrent: number; requestsPerMinute: number; tokensPerMinute: number }

export const unlimited: Limits = { concurrent: Infinity, requestsPerMinute: Infinity, tokensPerMinute: Infinity }

export const strictest = (a: Limits, b: Limits): Limits => ({
  concurrent: Math.min(a.concurrent, b.concurrent), requestsPerMinute: Math.min(a.requestsPerMinute, b.requestsPerMinute), tokensPerMinute: Math.min(a.tokensPerMinute, b.tokensPerMinute),
})
