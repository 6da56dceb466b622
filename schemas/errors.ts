/** Base of every error that Kymo raises on purpose. `code` is stable; `message` is a sentence that says what to do next. */
export class KymoError extends Error {
  readonly code: string
  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'KymoError'
    this.code = code
  }
}

/** True for a KymoError, also one that another copy of this module made. */
export const isKymoError = (error: unknown, code?: string): error is KymoError =>
  error instanceof Error && 'code' in error && error.name === 'KymoError' && (code === undefined || error.code === code)

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
