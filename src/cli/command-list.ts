import type { Command } from 'commander'
import { ACTORS } from '../../schemas/actor-names.ts'
import { wholeNumber } from './arguments.ts'
import { DEFAULT_STORE, flag, jsonFlag, machineFlags, storeFlags } from './flags.ts'
import type { Act, Examples } from './flags.ts'
import { limitsFlag } from './model-flags.ts'
import { addRunCommands } from './command-list-run.ts'
import { addTaskCommands } from './command-list-task.ts'

const RUN_HELP = 'an id, the beginning of one, or "last"'

/** Every command with its arguments, flags and examples; the code behind it is imported when it is called. */
export function addCommands(program: Command, finish: (code: number) => void): void {
  /** Loads a command's code, runs it, and keeps its exit code. */
  const act = async <Module>(load: Promise<Module>, run: (module: Module) => Promise<number>): Promise<void> => finish(await run(await load))
  const examples = (command: Command, ...lines: string[]): Command => command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`)

  addRunCommands(program, act, examples)

  const list = jsonFlag(storeFlags(program.command('list'))).description('show the runs of a store, newest first')
  flag(list, '--limit <n>', 'show only so many', { read: wholeNumber(1) })
  examples(list, 'kymo list', 'kymo list --json | jq \'.[] | select(.status == "finished") | .score.improvement\'')
  list.action((options) => act(import('./commands/list.ts'), (module) => module.list(options)))

  const show = jsonFlag(storeFlags(program.command('show'))).description('show one run: what began it, how far it came, its score').argument('[run]', RUN_HELP, 'last')
  examples(show, 'kymo show last', 'kymo show 019b --json')
  show.action((run, options) => act(import('./commands/show.ts'), (module) => module.show(run, options)))

  const trace = jsonFlag(storeFlags(program.command('trace'))).description('show what the agent did, step by step').argument('[run]', RUN_HELP, 'last')
  flag(trace, '--step <n>', 'one step, in full', { read: wholeNumber(1) })
  flag(trace, '--full', 'arguments, thoughts and observations uncut')
  examples(trace, 'kymo trace last', 'kymo trace last --step 3', 'kymo trace last --full | less -R')
  trace.action((run, options) => act(import('./commands/trace.ts'), (module) => module.trace(run, options)))

  const metrics = jsonFlag(storeFlags(program.command('metrics'))).description('show where the time went: steps, actions, scripts, attempts, bytes').argument('[run]', RUN_HELP, 'last')
  examples(metrics, 'kymo metrics last', 'kymo metrics last --json')
  metrics.action((run, options) => act(import('./commands/metrics.ts'), (module) => module.metrics(run, options)))

  addWorkspace(program, act, examples)

  const verify = jsonFlag(storeFlags(program.command('verify'))).description('prove a run from its record: hash chain, every decision, file actions and scores recomputed').argument('[what]', `a run (${RUN_HELP}), or a bundle file`)
  flag(verify, '--all', 'every run of the store')
  examples(verify, 'kymo verify last', 'kymo verify run.kymo          needs neither the store nor NATS', 'kymo verify --all')
  verify.action((what, options) => act(import('./commands/verify.ts'), (module) => module.verify(what, options)))

  const replay = jsonFlag(storeFlags(program.command('replay'))).description('step through a run as it was, from the record alone').argument('[what]', `a run (${RUN_HELP}), or a bundle file`, 'last')
  flag(replay, '--to <n>', 'stop after this step', { read: wholeNumber(1) })
  examples(replay, 'kymo replay last', 'kymo replay last --to 4')
  replay.action((what, options) => act(import('./commands/replay.ts'), (module) => module.replay(what, options)))

  const write = jsonFlag(storeFlags(program.command('export'))).description('write a run to one file that others can verify').argument('[run]', RUN_HELP, 'last')
  flag(write, '--format <name>', 'the format of the file', { choices: ['bundle', 'answers'], fallback: 'bundle' })
  flag(write, '--out <file>', 'the file; default: RUN.kymo in this folder, for answers RUN.answers.json')
  examples(write, 'kymo export last --out run.kymo', 'kymo verify run.kymo', 'kymo export last --format answers --out run.json       what its models answered', 'kymo run TASK --model recorded/run.json                asks them again without a model')
  write.action((run, options) => (options.format === 'answers' ? act(import('./commands/export-answers.ts'), (module) => module.exportAnswersOf(run, options)) : act(import('./commands/bundle.ts'), (module) => module.exportRun(run, options))))

  const read = jsonFlag(storeFlags(program.command('import'))).description('take a run from a bundle into a store; it is verified first').argument('<file>', 'a file that "kymo export" wrote')
  examples(read, 'kymo import run.kymo', 'kymo import run.kymo --store elsewhere')
  read.action((file, options) => act(import('./commands/bundle.ts'), (module) => module.importRun(file, options)))

  addTaskCommands(program, act, examples)

  const agent = program.command('agent').description('who works on them: list, show, and what they may do: actions')
  const agentList = jsonFlag(agent.command('list')).description('show the agents there are')
  examples(agentList, 'kymo agent list')
  agentList.action((options) => act(import('./commands/agent.ts'), (module) => module.agentList(options)))
  const agentShow = jsonFlag(agent.command('show')).description('show an agent: its actions and its settings').argument('<name>', 'a name from "kymo agent list"')
  examples(agentShow, 'kymo agent show research')
  agentShow.action((name, options) => act(import('./commands/agent.ts'), (module) => module.agentShow(name, options)))
  const agentActions = jsonFlag(agent.command('actions')).description('show the actions an agent may take, or one of them').argument('[name]', 'an action, like "Read File"')
  flag(agentActions, '--agent <name>', 'only what this agent gets')
  examples(agentActions, 'kymo agent actions', 'kymo agent actions "Execute Script"', 'kymo agent actions --agent research')
  agentActions.action((name, options) => act(import('./commands/agent.ts'), (module) => module.agentActions(name, options)))

  const doctor = jsonFlag(program.command('doctor')).description('look at what this machine has and lacks, and say what to type').argument('[task]', 'look at this task only')
  flag(doctor, '--python <path>', 'the interpreter for scripts')
  flag(doctor, '--store <folder>', 'where the store is or will be', { fallback: DEFAULT_STORE })
  examples(doctor, 'kymo doctor', 'kymo doctor vectorization --python /usr/bin/python3')
  doctor.action((name, options) => act(import('./commands/doctor.ts'), (module) => module.doctorCommand(name, options)))

  const serve = program.command('serve').description('serve a store; other commands start this by themselves')
  storeFlags(serve)
  flag(serve, '--background', 'as started by another command: log to stdout, leave when nobody needs it')
  flag(serve, '--idle-ms <ms>', 'leave this long after the last client, 0: never (default 30000 with --background, else 0)', { read: wholeNumber(0) })
  examples(serve, 'kymo serve', 'kymo serve --nats nats://10.0.0.5:4222      for actors on other machines')
  serve.action((options) => act(import('./commands/serve.ts'), (module) => module.serve(options)))

  const down = jsonFlag(program.command('down')).description('end the service of a store at once; nothing recorded is lost')
  flag(down, '--store <folder>', 'the store', { fallback: DEFAULT_STORE })
  flag(down, '--nats <url>', 'the NATS it is reached through')
  examples(down, 'kymo down')
  down.action((options) => act(import('./commands/down.ts'), (module) => module.down(options)))

  const actor = storeFlags(program.command('actor')).description('serve one actor of every run that leaves it to a process of its own (kymo run --apart)').argument('<name>', ACTORS.join(', '))
  limitsFlag(machineFlags(actor))
  examples(actor, 'kymo run arithmetic --apart executor      in one terminal', 'kymo actor executor                       in another', 'kymo actor executor --nats nats://TOKEN@10.0.0.5:4222')
  actor.action((name, options) => act(import('./commands/actor.ts'), (module) => module.actor(name, options)))
}

function addWorkspace(program: Command, act: Act, examples: Examples): void {
  const workspace = program.command('workspace').description('the files of a run at any step: ls, cat, diff, checkout')
  const begin = (name: string): Command => storeFlags(workspace.command(name))
  const step = (command: Command): Command => flag(command, '--step <n>', 'as it was after this step, 0: at the start (default: now)', { read: wholeNumber(0) })

  const ls = step(jsonFlag(begin('ls'))).description('list the files').argument('[run]', RUN_HELP, 'last')
  examples(ls, 'kymo workspace ls last', 'kymo workspace ls last --step 0')
  ls.action((run, options) => act(import('./commands/workspace.ts'), (module) => module.ls(run, options)))

  const cat = step(begin('cat')).description('print a file').argument('<run>', RUN_HELP).argument('<path>', 'the file')
  examples(cat, 'kymo workspace cat last train.py', 'kymo workspace cat last train.py --step 0')
  cat.action((run, path, options) => act(import('./commands/workspace.ts'), (module) => module.cat(run, path, options)))

  const diff = step(jsonFlag(begin('diff'))).description('show what changed: in the whole run, in one step, or between two').argument('[run]', RUN_HELP, 'last')
  flag(diff, '--from <n>', 'the earlier step (default 0)', { read: wholeNumber(0) })
  flag(diff, '--to <n>', 'the later step (default: now)', { read: wholeNumber(0) })
  examples(diff, 'kymo workspace diff last                    the whole run', 'kymo workspace diff last --step 5           step 5 alone', 'kymo workspace diff last --from 2 --to 8')
  diff.action((run, options) => act(import('./commands/workspace.ts'), (module) => module.diff(run, options)))

  const checkout = step(jsonFlag(begin('checkout'))).description('write the files to a new folder').argument('<run>', RUN_HELP).argument('<folder>', 'a new or an empty folder')
  examples(checkout, 'kymo workspace checkout last result', 'kymo workspace checkout last before --step 0')
  checkout.action((run, folder, options) => act(import('./commands/workspace.ts'), (module) => module.checkout(run, folder, options)))
}
