export type { BlobStore } from './blob-store.ts'
export { blobDamaged, blobMissing, checkBlob } from './blob-store.ts'
export { MemoryBlobs } from './memory-blobs.ts'
