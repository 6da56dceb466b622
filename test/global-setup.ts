import { execFileSync } from 'node:child_process'

/** Tests import sources directly and start dist/ as processes: both must be of this very tree. */
export default function setup(): void {
  execFileSync(process.execPath, ['deploy/build.mjs'], { stdio: 'inherit' })
}
