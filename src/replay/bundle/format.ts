import { z } from 'zod'
import { KymoError } from '../../../schemas/errors.ts'

/** A bundle is a tar file: this manifest first, then the records, the blobs they reach and stored views. */
export const MANIFEST = 'kymo-bundle.json'
/** each record as stored, after its length in four bytes, big end first */
export const RECORDS = 'records'
export const blobEntry = (hash: string): string => `blobs/${hash}`
export const viewEntry = (name: string): string => `views/${name}`

const position = z.object({ seq: z.number().int().nonnegative(), hash: z.string().regex(/^[0-9a-f]{64}$/) })

const manifestSchema = z.object({
  format: z.literal('kymo-bundle'),
  version: z.literal(1),
  run_id: z.uuid(),
  head: position,
  sealed: z.boolean(),
  counts: z.object({ records: z.number(), record_bytes: z.number(), blobs: z.number(), blob_bytes: z.number(), views: z.number() }),
})
export type BundleManifest = z.infer<typeof manifestSchema>

/** Throws KYMO_BUNDLE when the text is no manifest that this Kymo understands. */
export function parseManifest(text: string, file: string): BundleManifest {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw notABundle(file, `its ${MANIFEST} is not JSON`, cause)
  }
  const result = manifestSchema.safeParse(json)
  if (!result.success) throw notABundle(file, `its ${MANIFEST} does not fit (${z.prettifyError(result.error)})`)
  return result.data
}

export const notABundle = (file: string, why: string, cause?: unknown): KymoError =>
  new KymoError('KYMO_BUNDLE', `${file} is not a bundle that can be read: ${why}. Bundles are made with "kymo export RUN --format bundle --out FILE"`, { cause })
