/** What was paid, hour by hour. */
import type { Spending } from '../database.js'
import { hourOf } from '../hour.js'
import type { Connection } from './connection.js'

const ADD = `
  INSERT INTO costs (function, hour, cost) SELECT function, ?, ? FROM invocations WHERE id = ?
  ON CONFLICT DO UPDATE SET cost = cost + excluded.cost`

const SINCE = 'SELECT function, hour, cost FROM costs WHERE hour >= ? ORDER BY hour, function'

export function addCost(
  connection: Connection,
  invocation: string,
  { cost, now }: { cost: number; now: number },
): void {
  connection.run(ADD, [hourOf(now), cost, invocation])
}

export const spending = (connection: Connection, since: number): Spending[] =>
  connection.all<Spending>(SINCE, [hourOf(since)])
