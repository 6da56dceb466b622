import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { extractCode } from '../../actors/llm-tool/tools/code.ts'
import { fencedBlocks } from '../../actors/llm-tool/tools/fences.ts'

const F = '```'
const ORIGINAL = 'import os\n\nprint(os.getcwd())\n'
const taken = (reply: string, { fileName = 'train.py', original = ORIGINAL, whole = true } = {}) => extractCode(reply, { fileName, original, whole })
const code = (reply: string, about?: Parameters<typeof taken>[1]) => {
  const result = taken(reply, about)
  return result.ok ? result.code : `${result.code}: ${result.reason}`
}

describe('one block', () => {
  it('is taken as it is, whatever stands around it and whatever it is labelled', () => {
    for (const label of ['python', 'py', 'Python3', '{.python}', 'python title="train.py"', 'python:train.py', '', 'text', 'train.py']) {
      expect(code(`Here it is:\n\n${F}${label}\nx = 1\n\n\ny = 2\n${F}\nI changed x.`)).toBe('x = 1\n\n\ny = 2\n')
    }
  })

  it('may be fenced with tildes, with longer fences, or be indented as in a list', () => {
    expect(code('~~~python\nx = 1\n~~~')).toBe('x = 1\n')
    expect(code(`${F}${F}python\nx = """\n${F}\n"""\n${F}${F}`)).toBe(`x = """\n${F}\n"""\n`)
    expect(code(`1. Do this:\n   ${F}python\n   def f():\n       return 1\n   ${F}\n`)).toBe('def f():\n    return 1\n')
    expect(code(`\t${F}python\n\tif x:\n\t\ty()\n\t${F}`)).toBe('if x:\n\ty()\n')
  })

  it('a fence within a string of the code is code, with or without a label, also in tildes', () => {
    const doc = `def f():\n    """Use it so:\n\n${F}\nf()\n${F}\n    """\n    return 1\n`
    expect(code(`${F}python\n${doc}${F}`)).toBe(doc)
    const labelled = `'''\n${F}bash\npython train.py\n${F}\n'''\nx = 1\n`
    expect(code(`${F}python\n${labelled}${F}\nDone.`)).toBe(labelled)
    expect(code(`~~~\n${doc}~~~`)).toBe(doc)
  })

  it('a fence that is further in, or shorter, or of the other kind, ends nothing', () => {
    expect(code(`${F}python\nx = 1\n        ${F}\ny = 2\n${F}`)).toBe(`x = 1\n        ${F}\ny = 2\n`)
    expect(code(`${F}python\n~~~\ny = 2\n${F}`)).toBe('~~~\ny = 2\n')
  })

  it('of a Markdown file holds the labelled blocks inside it', () => {
    const readme = `# How to\n\n${F}bash\nmake\n${F}\n\nThat is all.\n`
    expect(code(`${F}markdown\n${readme}${F}`, { fileName: 'README.md', original: '' })).toBe(readme)
  })

  it('a string that is open at both ends of a fragment does not hide its end', () => {
    expect(code(`${F}python\n    the end of a docstring.\n    """\n    return 2\n${F}`, { whole: false })).toBe('    the end of a docstring.\n    """\n    return 2\n')
  })

  it('line ends become \\n, and the last one is as in the original', () => {
    expect(code(`${F}python\r\nx = 1\r\ny = 2\r\n${F}\r\n`)).toBe('x = 1\ny = 2\n')
    expect(code(`${F}python\nx = 1\n${F}`, { original: 'x = 0' })).toBe('x = 1')
    expect(code(`${F}python\nx = 1\n${F}`, { original: '' })).toBe('x = 1\n')
    expect(code(`${F}python\nx = 1\n${F}`, { original: 'x = 0\r\n' })).toBe('x = 1\n')
  })

  it('unicode, quotes and blank lines survive exactly', () => {
    const odd = '# 日本語 😀 é\nprint("\\n", \'\\\'\', r"\\")\n\n\t\n'
    expect(code(`${F}python\n${odd}${F}`)).toBe(odd)
  })

  it('reasoning before the answer does not count, though it holds code', () => {
    expect(code(`<think>\nmaybe\n${F}python\nx = 0\n${F}\n</think>\n${F}python\nx = 1\n${F}`)).toBe('x = 1\n')
    expect(code(`<think>\n${F}python\nx = 0\n${F}\nstill thinking`)).toMatch(/^truncated_reply/)
  })

  it('empty, it deletes lines, but it is no whole file', () => {
    expect(code(`${F}python\n${F}`, { whole: false })).toBe('')
    expect(code(`${F}python\n${F}`)).toMatch(/^no_code: the code block is empty/)
  })
})

describe('several blocks', () => {
  it('the one that names the file wins, by its label, its first line or the line before it', () => {
    const other = `${F}python\n# a much longer helper\n${'x = 1\n'.repeat(20)}${F}\n`
    for (const mine of [`${F}python title="train.py"\ny = 2\n${F}`, `${F}python\n# train.py\ny = 2\n${F}`, `Now \`train.py\`:\n${F}python\ny = 2\n${F}`]) {
      expect(code(`${other}\n${mine}`)).toMatch(/y = 2\n$/)
      expect(code(`${mine}\n${other}`)).toMatch(/y = 2\n$/)
    }
  })

  it('a command to run it is no code of it, however long', () => {
    expect(code(`${F}python\nx = 1\nprint(x)\nprint(x)\n${F}\nRun train.py:\n${F}bash\npython train.py --a --very --long --line --of --flags --and --more\n${F}`)).toBe('x = 1\nprint(x)\nprint(x)\n')
  })

  it('among equals the longest counts, of equal ones the last, and never the file as it was', () => {
    const long = `${'y = 3\n'.repeat(9)}`
    expect(code(`I replace this:\n${F}python\nprint(1)\n${F}\nThe file:\n${F}python\n${long}${F}`)).toBe(long)
    expect(code(`${F}python\nx = 1\nx = 1\nx = 1\n${F}\nno, wait:\n${F}python\nx = 2\nx = 2\nx = 2\n${F}`)).toBe('x = 2\nx = 2\nx = 2\n')
    expect(code(`You have:\n${F}python\n${ORIGINAL}${F}\nMake it:\n${F}python\nimport os\nprint(1)\n${F}`)).toBe('import os\nprint(1)\n')
  })

  it('snippets of which none can be the whole file are refused', () => {
    const original = 'x = 1\n'.repeat(100)
    expect(code(`Change this\n${F}python\na = 1\n${F}\nand this\n${F}python\nb = 2\n${F}`, { original })).toMatch(/^no_code: .*none of them is clearly the whole/)
    expect(code(`Change this\n${F}python\na = 1\n${F}\nand this\n${F}python\nbb = 2\n${F}`, { original, whole: false })).toBe('bb = 2\n')
  })

  it('one that does not end spoils the reply: what was cut off may have mattered', () => {
    expect(code(`${F}python\nx = 1\n${F}\nand\n${F}python\ny = `)).toMatch(/^truncated_reply/)
  })
})

describe('refused', () => {
  it.each([
    ['prose', 'I have updated the script. The learning rate is now 0.01.', 'no_code'],
    ['nothing', '', 'no_code'],
    ['a block of another language', `${F}bash\npython train.py\n${F}`, 'no_code'],
    ['a diff', `${F}diff\n-x = 1\n+x = 2\n${F}`, 'no_code'],
    ['code within a sentence', 'Set `x = 1` and ```y = 2``` there.', 'no_code'],
    ['a block without an end', `${F}python\nx = 1\n`, 'truncated_reply'],
    ['a block cut off inside a string that shows a fence', `${F}python\ndef f():\n    """Like so:\n${F}\nf()\n`, 'truncated_reply'],
    ['a block followed by the beginning of another language\'s', `${F}python\nx = 1\n\nThen run:\n${F}bash\nls\n${F}`, 'truncated_reply'],
    ['a comment for the rest', `${F}python\nx = 2\n# ... rest of the code remains unchanged ...\n${F}`, 'truncated_reply'],
    ['dots in a comment', `${F}python\nx = 2\n    # ...\n${F}`, 'truncated_reply'],
    ['existing code here', `${F}python\n# existing imports stay as before\nx = 2\n${F}`, 'truncated_reply'],
    ['omitted for brevity', `${F}python\nx = 2\n# (omitted for brevity)\n${F}`, 'truncated_reply'],
  ])('%s', (_name, reply, expected) => { expect(taken(reply)).toMatchObject({ ok: false, code: expected }) })

  it('but not what the file itself says, nor comments that merely resemble it', () => {
    const original = 'x = 1\n# ... rest of the code unchanged\n'
    expect(taken(`${F}python\nx = 2\n# ... rest of the code unchanged\n${F}`, { original }).ok).toBe(true)
    expect(taken(`${F}python\n# the remaining budget in seconds\nx = 2\n# ... then normalise\ny = ...\ndef f(): ...\n${F}`).ok).toBe(true)
  })
})

describe('no fence at all', () => {
  it('a reply that is a program from its first line to its last is taken', () => {
    const program = '#!/usr/bin/env python\n"""Train.\n\nA line that reads like prose.\n"""\nimport os\nfrom a.b import (\n    c,\n)\n\n\n@cache\ndef f(x: int = 3) -> int:\n    # say more\n    return x\n\nclass A(B):\n    pass\n\nx, y = 1, 2\ntotal: int = 3\nd["k"] += f(1)\nfor i in range(3):\n    print(i)\nif __name__ == "__main__":\n    f(\nfoo\n)\n'
    expect(code(program)).toBe(program)
    expect(code('\n\nx = 1')).toBe('x = 1\n')
    expect(code('{"lr": 0.1}', { fileName: 'config.json', original: '{}' })).toBe('{"lr": 0.1}')
  })

  it.each([
    ['a sentence before it', 'Here is the code:\nimport os\nx = 1\n'],
    ['a sentence after it', 'import os\nx = 1\n\nThis sets x.\n'],
    ['comments only', '# I would change the rate\n# to 0.1\n'],
    ['a heading and prose', '# Plan\nfor example, this changes the rate\n'],
    ['a string that does not end', 'x = 1\ny = """open\n'],
    ['brackets that stay open', 'x = [1,\n2\n'],
    ['prose that begins like a statement', 'if you like, I can do more: just say so\n'],
  ])('%s is not', (_name, reply) => { expect(taken(reply)).toMatchObject({ ok: false, code: 'no_code' }) })

  it('of a file that is neither Python nor JSON nothing is clear', () => {
    expect(taken('x = 1\n', { fileName: 'notes.txt' })).toMatchObject({ ok: false })
    expect(taken('not json', { fileName: 'a.json' })).toMatchObject({ ok: false })
  })
})

const pieces = fc.constantFrom('```', '````', '~~~', '```python\n', '\n', '"""', "'''", 'x = 1', '# ...', '    ', '\r\n', '\\', '<think>', '</think>', 'train.py', '`', '{', ')', '\u2028', '😀', '\0')
const nasty = fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.oneof(pieces, fc.string()), { maxLength: 30 }).map((some) => some.join('')), fc.array(pieces, { maxLength: 30 }).map((some) => some.join('\n')))

describe('whatever a model replies', () => {
  it('extraction answers, with \\n line ends or a reason, and gives nothing that the reply does not hold', () => {
    fc.assert(fc.property(nasty, nasty, fc.boolean(), fc.constantFrom('train.py', 'a.json', 'x', '', '[(.py', 'notes.md'), (reply, original, whole, fileName) => {
      const result = extractCode(reply, { fileName, original, whole })
      if (!result.ok) {
        expect(result.reason).not.toBe('')
        return
      }
      expect(result.code).not.toContain('\r')
      const held = new Set(reply.replace(/\r\n?/g, '\n').split('\n').map((line) => line.trim()))
      for (const line of result.code.split('\n')) expect(held.has(line.trim()) || line.trim() === '').toBe(true)
    }), { numRuns: 2000 })
  })

  it('any program in a long enough fence comes back whole', () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: 'grapheme' }).map((line) => line.replace(/[\r\n]/g, '')), { minLength: 1 }), (lines) => {
      const fence = '`'.repeat(Math.max(3, ...lines.map((line) => (/`+/.exec(line)?.[0].length ?? 0) + 1)))
      const program = lines.join('\n')
      // A tag says it is no Python, so that no quote can hide the end.
      expect(fencedBlocks(`Look:\n${fence}js\n${program}\n${fence}\nDone.`)).toEqual([{ info: 'js', text: `${program}\n`, before: 'Look:', closed: true }])
    }))
  })
})
