import { newTask } from '../../effects/tasks/index.ts'
import { EXIT } from '../exit-codes.ts'
import { stdout } from '../output.ts'
import { programName } from '../program-name.ts'

/** `kymo task new NAME`: a small task that works, to be turned into another one. */
export async function taskNew(name: string): Promise<number> {
  const folder = await newTask(name)
  const screen = stdout()
  const line = (command: string, what: string): void => screen.line(`  ${`${programName()} task ${command}`.padEnd(72)} ${screen.colors.dim(what)}`)
  screen.line(`${folder} holds a small task that works. Put your problem in its place; task.yaml says what each file is for. Then:`)
  line(`prepare ${name} --update-lock`, 'make its data and write down what they are')
  line(`check ${name} --update-baseline`, 'measure the starter, try the reference and the forgeries')
  line(`check ${name}`, 'prove it, any time later')
  return EXIT.ok
}
