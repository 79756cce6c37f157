/** Kills at random moments; `npm run test:real` does the same ten times as often. */
import { survivesSuite } from '../suites/survives.suite.js'

describe('survives', () => survivesSuite({ kills: 50, timeoutMs: 600_000 }))
