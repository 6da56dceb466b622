import { readFileSync, readdirSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bundleSource, eventsOf, verifyRun } from '../../src/replay/index.ts'

const recorded = new URL('recorded/', import.meta.url).pathname
const histories = readdirSync(recorded).filter((name) => name.endsWith('.kymo'))

describe('what earlier versions recorded', () => {
  it('is there', () => {
    expect(histories.length).toBeGreaterThan(0)
  })

  it.each(histories)('%s: its chain holds, its machines answer as they did, its file actions and metrics come out the same', async (name) => {
    await using source = await bundleSource(join(recorded, name))
    const report = await verifyRun(source)
    expect(report.problems).toEqual([])
    expect(report.ok).toBe(true)
    // With the very code of then, digests were compared as well; with other code the outputs.
    expect(report.checked.outputs_equal).toBe(true)
    expect(report.checked.reactions).toBeGreaterThan(5)
  })

  it('hold a failed script, refused actions, a lost attempt, timers and grades between steps', async () => {
    const types = new Set<string>()
    const refused = new Set<string>()
    const reasons = new Set<string>()
    for (const name of histories) {
      await using source = await bundleSource(join(recorded, name))
      for await (const event of eventsOf(source)) {
        types.add(event.type)
        if (event.type === 'step.begun' && !event.payload.accepted) refused.add(event.payload.reason)
        if (event.type === 'execution.finished') reasons.add(`${event.payload.reason} ${event.payload.exit_code}`)
        if (event.type === 'score.recorded' && !event.payload.final) types.add('an intermediate score')
      }
    }
    expect([...types]).toEqual(expect.arrayContaining(['effect.lost', 'run.resumed', 'timer.fired', 'completion.delivered', 'usage.recorded', 'workspace.changed', 'an intermediate score']))
    expect([...refused].sort()).toEqual(['bad_arguments', 'outside', 'unknown_action'])
    expect([...reasons].sort()).toEqual(['exited 0', 'exited 1'])
  })

  it('name no machine, no user and no folder outside a workspace', () => {
    for (const name of histories) expect(gunzipSync(readFileSync(join(recorded, name))).toString('latin1')).not.toMatch(/\/(home|root|Users|work|opt|srv)\//)
  })

  it('a byte changed in one is found', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kymo-history-'))
    try {
      const bytes = gunzipSync(readFileSync(join(recorded, histories[0] ?? '')))
      const at = bytes.indexOf('step.begun')
      bytes[at + 40] = (bytes[at + 40] ?? 0) ^ 1
      writeFileSync(join(folder, 'changed.kymo'), bytes)
      const report = await (async () => {
        await using source = await bundleSource(join(folder, 'changed.kymo'))
        return await verifyRun(source)
      })()
      expect(report.ok).toBe(false)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
