/** The kills of `npm test`, many more of them. */
import { survivesSuite } from '../suites/survives.suite.js'

describe('survives', () => survivesSuite({ kills: 500, lives: 2, timeoutMs: 1_500_000 }))
