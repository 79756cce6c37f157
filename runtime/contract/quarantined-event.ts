/** Notifications that could not be read: they are kept aside until somebody has looked at them, within bounds. */
import { Type, type Static } from '@sinclair/typebox'

/** How many stay: whoever sends what cannot be read may go on for ever. */
export const QUARANTINE_EVENTS_MAX = 10_000
export const QUARANTINE_DAYS_MAX = 30

export const QuarantinedEventSchema = Type.Object({
  number: Type.Integer({ description: 'its own, from 1', minimum: 1 }),
  at: Type.Number({ description: 'when it came, epoch milliseconds' }),
  source: Type.String({
    description: 'the storage that it was sent for, else the address or the queue that it came from',
  }),
  problem: Type.String({ description: 'why it could not be read' }),
  size: Type.Integer({ description: 'bytes of its body' }),
})

export const QuarantineSchema = Type.Object({
  events: Type.Array(QuarantinedEventSchema, { description: 'newest first' }),
  eventsMax: Type.Integer({ description: 'most that are kept: with each that comes, the oldest ones over that go' }),
  daysMax: Type.Integer({ description: 'days that one is kept: with each that comes, older ones go' }),
})

export type QuarantinedEvent = Static<typeof QuarantinedEventSchema>
export type Quarantine = Static<typeof QuarantineSchema>
