/** How long the simulator takes for lists of work, in processor time. */
import { simulate } from '../../dispatcher/simulator/simulate.js'
import { generateJobs } from '../support/generate-jobs.js'
import { figure, type Bench } from './figure.js'

const SHORT = 12_000
const LONG = 1_000_000

export const simulator: Bench = {
  name: 'simulator',
  about: 'job lists under the default policy, learning run times as it goes',
  async run() {
    return [
      figure({ name: '12,000 jobs', value: secondsFor(SHORT), unit: 's' }, { atMost: 2 }),
      figure({ name: '1,000,000 jobs', value: secondsFor(LONG), unit: 's' }, { atMost: 180 }),
    ]
  },
}

function secondsFor(count: number): number {
  const jobs = generateJobs({ seed: 1, count })
  const started = process.cpuUsage()
  simulate(jobs, {
    private: {
      limits: { name: 'kubernetes', public: false },
      capacity: { nodes: 6, units: 8, unit: 'vcpu', overtaking: true },
    },
    public: [{ limits: { name: 'lambda', public: true } }],
    knowledge: 'learned',
  })
  const { user, system } = process.cpuUsage(started)
  return (user + system) / 1e6
}
