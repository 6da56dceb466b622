import { existsSync } from 'node:fs'
import { parseRequirement } from './requirements.ts'

const CPU_WHEELS = 'https://download.pytorch.org/whl/cpu'

interface Machine { platform: string; gpu: boolean; environment: Readonly<Record<string, string | undefined>> }

const thisMachine = (): Machine => ({ platform: `${process.platform} ${process.arch}`, gpu: existsSync('/proc/driver/nvidia/version'), environment: process.env })

/**
 * What pip is told to install PyTorch for CPUs, from PyTorch's own index: PyPI's brings CUDA's libraries along, several gigabytes that a
 * machine without a GPU has no use for. Empty where it is not asked for, where there is a GPU, and where a person gave pip another index.
 */
export function cpuTorch(pip: readonly string[], { platform, gpu, environment }: Machine = thisMachine()): string[] {
  const wanted = pip.filter((text) => ['torch', 'torchvision'].includes(parseRequirement(text).name))
  const own = ['PIP_INDEX_URL', 'PIP_EXTRA_INDEX_URL', 'PIP_NO_INDEX'].some((name) => (environment[name] ?? '') !== '')
  return wanted.length === 0 || platform !== 'linux x64' || gpu || own ? [] : ['--index-url', CPU_WHEELS, '--retries', '1', ...wanted]
}
