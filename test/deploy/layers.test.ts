import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const { findBreaches } = await import(new URL('../../deploy/layers.mjs', import.meta.url).href) as { findBreaches: (root: string) => string[] }

let root: string
beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'kymo-layers-')) })
afterEach(() => rmSync(root, { recursive: true, force: true }))

const plant = (path: string, source: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), source)
}

describe('the layer rule names', () => {
  it.each([
    ['an import from a folder below', 'src/journal/a.ts', `import { x } from '../host/index.ts'`, /^src\/journal\/a\.ts:1: src\/journal may not import from src\/host .*below/],
    ['a type import from a folder below', 'schemas/a.ts', `\nimport type { x } from '../actors/agent/machine.ts'`, /^schemas\/a\.ts:2: schemas may not import from actors/],
    ['an import over several lines', 'src/blobs/a.ts', `import {\n  x,\n  y,\n} from '../cli/index.ts'`, /src\/blobs may not import from src\/cli/],
    ['a re-export', 'src/blobs/a.ts', `export * from '../cli/index.ts'`, /src\/blobs may not import from src\/cli/],
    ['a dynamic import', 'src/blobs/a.ts', `const x = await import('../cli/index.ts')`, /src\/blobs may not import from src\/cli/],
    ['an import past a face', 'src/cli/a.ts', `import { x } from '../journal/keys.ts'`, /src\/journal\/keys\.ts is inside another folder; import from its index\.ts/],
    ['level outside the journal', 'src/host/a.ts', `import { Level } from 'level'`, /only src\/journal imports level/],
    ['NATS outside the bus', 'src/cli/a.ts', `import { connect } from '@nats-io/transport-node'`, /only src\/bus imports @nats-io\/transport-node/],
    ['protobufjs outside the schemas', 'src/bus/a.ts', `import $protobuf from 'protobufjs/minimal.js'`, /only schemas imports protobufjs/],
    ['a source in no layer', 'src/utils/a.ts', '', /in no layer/],
    ['a source importing a test', 'src/cli/a.ts', `import { x } from '../../test/x.ts'`, /test\/x\.ts is in no layer/],
    ['a node module in an actor', 'actors/agent/a.ts', `import { readFileSync } from 'node:fs'`, /cannot import node:fs/],
    ['an unprefixed node module in an actor', 'actors/agent/a.ts', `import 'fs'`, /cannot import fs/],
    ['a clock in an actor', 'actors/agent/a.ts', `// text\nexport const now = () => new Date()`, /^actors\/agent\/a\.ts:2: actors are pure, so they cannot use Date/],
    ['chance in an actor', 'actors/agent/a.ts', 'export const roll = () => Math.random()', /cannot use Math\.random/],
    ['chance inside a template', 'actors/agent/a.ts', 'export const roll = () => `x${Math.random()}`', /cannot use Math\.random/],
    ['a timer in an actor', 'actors/agent/a.ts', 'setTimeout(() => 1)', /cannot use setTimeout/],
    ['the process in an actor', 'actors/agent/a.ts', `export const x = process.env['X']`, /cannot use process/],
    ['a global after a question mark', 'actors/agent/a.ts', 'export const x = (y: boolean) => y ? Date : 1', /cannot use Date/],
    ['globalThis in an actor', 'actors/agent/a.ts', 'export const x = globalThis', /cannot use globalThis/],
  ])('%s', (_, path, source, expected) => {
    plant(path, source)
    expect(findBreaches(root)).toEqual([expect.stringMatching(expected)])
  })
})

it('lets pass what is allowed, words in comments and strings included', () => {
  plant('schemas/generated/messages.js', `import x from 'anything'`)
  plant('schemas/codec.ts', `import $protobuf from 'protobufjs/minimal.js'\nimport { z } from 'zod'`)
  plant('actors/agent/machine.ts', [
    `import { setup } from 'xstate'`, `import type { Json } from '../../schemas/canonical-json.ts'`, `import { paths } from '../environment/paths.ts'`,
    `// Date and Math.random are forbidden, import x from '../../src/cli/index.ts'`, `/* process */`, `export const text = 'new Date() in a string'`, 'export const words = `process ${text} Date`',
    `export const pattern = /'Date\\/process"/g`, `export const facts = { process: 1, Date: 2 }`, 'export const y = facts.process + facts.Date / 2', 'export const processed = 1',
  ].join('\n'))
  plant('src/journal/journal.ts', `import { Level } from 'level'\nimport { readFileSync } from 'node:fs'\nimport { x } from '../../actors/agent/machine.ts'`)
  plant('src/cli/index.ts', `import { x } from '../journal/index.ts'\nimport { y } from '../effects/sandbox/index.ts'\nimport { z } from './doctor/disk.ts'`)
  expect(findBreaches(root)).toEqual([])
})

it('finds no breach in this very tree', () => {
  expect(findBreaches(join(import.meta.dirname, '..', '..'))).toEqual([])
})
