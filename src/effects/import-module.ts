import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * Imports a module that a person names. Import this file by import() alone: the build keeps it in a file of its own, because kept
 * compiled code (deploy/compiled-code.cjs) cannot import by itself.
 */
export const importModule = async (path: string): Promise<Record<string, unknown>> => (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>
