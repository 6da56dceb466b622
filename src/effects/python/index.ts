/** Which Python runs a task, and how it comes to be there. */
export { OLDEST_PYTHON, defaultCacheDir, findPython, lacks } from './find-python.ts'
export type { Python, PythonSearch, PythonSource } from './find-python.ts'
export { ownOrPrepared, preparePython } from './prepare-python.ts'
export type { PreparePython } from './prepare-python.ts'
export { probeEarly, probePython } from './probe.ts'
export type { PythonFacts } from './probe.ts'
export { dependencyKey, normalName, parseClauses, parseRequirement, satisfies } from './requirements.ts'
export type { PythonDependencies, Requirement } from './requirements.ts'
