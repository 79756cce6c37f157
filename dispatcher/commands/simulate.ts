/** `spillway simulate`: a job list, played under policies on a virtual clock. */
import type { Command } from './command.js'

const NOTES = `FILE is CSV with a line of names first, or what \`spillway history export\` has written; it may end in .gz. Columns are arrival
(or accepted), runtime (or started and ended), and, where there are any, function, cpu (or gpus, units), input_bytes, memory_mb and timeout.
Times are in seconds, durations or times of day; with a unit in the name, as in arrival_h, in that.

What is played is what the dispatcher does: the same decisions, the same books, the same learning.`

export const simulate: Command = {
  name: 'simulate',
  about: 'Play a job list under routing policies: what it costs, and how long work takes.',
  options: {
    jobs: { value: 'FILE', about: 'the job list' },
    capacity: { value: 'CAPACITY', about: 'of the private side: 4 attempts at once (4), or 6 nodes of 8 vCPU (6x8)' },
    'in-order': { about: 'nothing starts before what came earlier, even if it would fit' },
    policy: { value: 'YAML', several: true, about: 'what would stand under `routing`. Default: {}, the defaults' },
    sweep: {
      value: 'KEY=V,V',
      about: 'each policy also with these values of a key, e.g. waitingBudget.factor=0,0.5,1',
    },
    knowledge: {
      value: 'WHAT',
      several: true,
      about: 'of run times: learned from work that has ended, perfect, or as declared. Default: learned',
    },
    timeout: { value: 'TIME', about: 'declared by functions of a list without timeouts. Default: 1d' },
    price: { value: 'USD', about: "of a public vCPU for an hour. Default: Lambda's list price, by memory and time" },
    'public-timeout': { value: 'TIME', about: 'that public work may take at most, or none. Default: 15m' },
    'public-start': { value: 'TIME', about: 'until public work starts. Default: 0' },
    plot: { value: 'FILE', about: 'draw it, as .svg or .html' },
    json: { about: 'print one object a line, with times in seconds' },
  },
  notes: NOTES,
  async run(call) {
    const { runSimulation } = await import('./run-simulation.js')
    runSimulation(call)
  },
}
