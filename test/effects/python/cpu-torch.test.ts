import { describe, expect, it } from 'vitest'
import { cpuTorch } from '../../../src/effects/python/cpu-torch.ts'

const plain = { platform: 'linux x64', gpu: false, environment: {} }

describe('PyTorch on a machine without a GPU', () => {
  it('comes from PyTorch\'s index of builds for CPUs, alone and before all else', () => {
    expect(cpuTorch(['numpy>=1.24', 'torch>=2.1', 'torch-geometric>=2.4', 'transformers>=4.38'], plain)).toEqual(['--index-url', 'https://download.pytorch.org/whl/cpu', '--retries', '1', 'torch>=2.1'])
  })

  it.each([
    ['there is a GPU', ['torch>=2.1'], { ...plain, gpu: true }],
    ['it is not asked for', ['numpy>=1.24', 'torch-geometric>=2.4'], plain],
    ['pip was given another index', ['torch>=2.1'], { ...plain, environment: { PIP_INDEX_URL: 'https://mirror.example/simple' } }],
    ['PyPI\'s build is for CPUs anyway', ['torch>=2.1'], { ...plain, platform: 'darwin arm64' }],
  ])('is left to pip where %s', (_, pip, machine) => {
    expect(cpuTorch(pip, machine)).toEqual([])
  })
})
