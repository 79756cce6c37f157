/** What is paid, hour by hour. */
import type { Spending } from '../database.js'
import { hourOf } from '../hour.js'
import { many, type Query } from './statement.js'

const SINCE = 'SELECT function, hour, cost FROM costs WHERE hour >= ? ORDER BY hour, function'

export const spending = (since: number): Query<Spending[]> =>
  many<Spending, Spending>(SINCE, [hourOf(since)], ({ function: name, hour, cost }) => ({ function: name, hour, cost }))
