/** What a finished command says to the shell. 0 means success and nothing else. */
export const EXIT = {
  ok: 0,
  /** the run failed or was not graded, a check found something, or the machine or the store could not do it */
  failed: 1,
  /** the command line was wrong: nothing was done */
  usage: 2,
  /** the run is cut off in good order; `kymo resume` finishes it */
  interrupted: 3,
  /** a limit (steps, time, tokens, money) ended the run before the agent submitted */
  limit: 4,
  /** stopped at once by Ctrl-C; a run can still be resumed */
  stopped: 130,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export const EXIT_HELP = `Exit codes:
  0  success           1  failed, not graded or not verified   2  wrong command line
  3  interrupted: "kymo resume" goes on   4  a limit ended the run   130  stopped by Ctrl-C`

/** Exit code of `kymo run` and `kymo resume` for a run's status. */
export function exitOfStatus(status: string, graded: boolean): ExitCode {
  if (status === 'interrupted') return EXIT.interrupted
  if (status === 'limit-reached') return EXIT.limit
  return status === 'finished' && graded ? EXIT.ok : EXIT.failed
}
