// node dist/test/histories/record.js [PREFIX], at the top of the repository: plays every scene with this version and writes test/histories/recorded/PREFIX-SCENE.kymo.
// PREFIX defaults to the version in package.json. A history that is there already is never overwritten.
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SCENES } from './scenes.ts'
import type { Scene } from './scenes.ts'

// A history travels with the source: it names no machine.
os.hostname = () => 'history'
syncBuiltinESMExports()
const { StoreClient, startService } = await import('../../src/bus/index.ts')
const { createRun, serveRun } = await import('../../src/effects/index.ts')
const { exportBundle, storeSource } = await import('../../src/replay/index.ts')
const { removeTree } = await import('../../src/workspace/index.ts')

const root = fileURLToPath(new URL('../../../', import.meta.url))
const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version
const prefix = process.argv[2] ?? version
process.env['KYMO_TASKS'] = join(root, 'test/fixtures/tasks')
const folder = mkdtempSync(join(os.tmpdir(), 'kymo-history-'))
process.env['KYMO_WORK'] = join(folder, 'work')
const service = await startService({ directory: join(folder, 'store'), onProblem: (message) => { process.stderr.write(`${message}\n`) } })
const client = await StoreClient.connect({ directory: join(folder, 'store'), what: 'history', autostart: false })
try {
  for (const [name, scene] of Object.entries(SCENES)) {
    const file = join(root, 'test/histories/recorded', `${prefix}-${name}.kymo`)
    if (existsSync(file)) process.stdout.write(`${file} is there already\n`)
    else {
      const runId = await play(scene)
      const { counts } = await exportBundle(await storeSource(client, runId), file)
      process.stdout.write(`${file}: ${counts.records} records, ${counts.blobs} blobs\n`)
    }
  }
} finally {
  await client.close()
  await service.close()
  removeTree(folder)
}
process.exit(0)

async function play({ agent, task = 'arithmetic', script, actions, gradeSteps, maxSteps, interrupt, replies, addActions, tools }: Scene): Promise<string> {
  let file = script
  if (actions !== undefined) {
    file = join(folder, 'script.yaml')
    writeFileSync(file, actions)
  }
  const { runId } = await createRun(client, {
    // Relative: where this lies on a disk is nobody's business.
    ...(replies === undefined ? {} : { models: { model: `scripted/${relative(process.cwd(), replies)}` } }), ...(tools === undefined ? {} : { actionsModule: tools }), ...(addActions === undefined ? {} : { addActions }),
    task, profile: 'small', agent, ...(file === undefined ? {} : { agentConfig: { script: file } }), ...(gradeSteps === undefined ? {} : { gradeSteps }), ...(maxSteps === undefined ? {} : { maxSteps }),
  })
  if (interrupt === true) {
    let stop: () => void = () => undefined
    const reached = new Promise<void>((resolve) => { stop = resolve })
    const session = await serveRun({ client, runId, atPoint: (point) => { if (point === 'effect-start execution') stop() } })
    await reached
    await session.interrupt()
  }
  const { finished } = await serveRun({ client, runId })
  const ending = await finished
  if (ending.how !== 'sealed') throw new Error(`the run ended as ${JSON.stringify(ending)}`)
  return runId
}
