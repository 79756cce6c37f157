/** What the iris part of the plants example must come to. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXAMPLES } from './example.js'

/** Of `iris/flowers.csv`, in its order. */
export const SPECIES_OF_FLOWERS = ['setosa', 'versicolor', 'virginica']

/** Versions of scikit-learn stop at slightly different points. */
const COEFFICIENT_ERROR_MAX = 1e-3

interface Model {
  features: string[]
  species: string[]
  coefficients: number[][]
  intercepts: number[]
  accuracy: number
}

export const likelySpecies = (json: string): string[] =>
  (JSON.parse(json) as { species: string }[]).map(({ species }) => species)

/** Fails unless it is the model that lies in the example. */
export function sameModel(json: string): void {
  const trained = JSON.parse(json) as Model
  const shipped = JSON.parse(readFileSync(join(EXAMPLES, 'plants/iris/model.json'), 'utf8')) as Model
  const numbers = ({ coefficients, intercepts }: Model) => [...coefficients.flat(), ...intercepts]
  assert.deepEqual([trained.features, trained.species], [shipped.features, shipped.species])
  assert.ok(Math.abs(trained.accuracy - shipped.accuracy) < 0.02, `accuracy ${trained.accuracy}`)
  const expected = numbers(shipped)
  for (const [index, number] of numbers(trained).entries())
    assert.ok(Math.abs(number - expected[index]!) < COEFFICIENT_ERROR_MAX, `${number}, not ${expected[index]}`)
}
