/**
 * Plays a job list against a scenario on a virtual clock. In each round: what ends, what spills over, what arrives, what
 * starts; then the clock goes to the next moment at which something can happen.
 */
import type { BackendName } from '../../runtime/contract/function-spec.js'
import { unitsOf } from '../router/load/load.js'
import { Cluster } from './cluster.js'
import { SimulatedDispatcher, type Case } from './dispatcher.js'
import type { Attempt, Job, Result } from './job.js'
import type { Scenario } from './scenario.js'
import { Timetable } from './timetable.js'
import { WaitingLine, type InLine } from './waiting-line.js'

interface Course extends Case, InLine, Result {
  attempts: Attempt[]
  node?: number
  /** When it spills over if it still waits, seconds; the entry of the timetable with that time is the one that counts. */
  spillAt: number
  /** What its attempt on the public side was expected to cost. */
  expectedCost: number
}

/** Results in the order of the list. The list must be in order of arrival. */
export function simulate(jobs: readonly Job[], scenario: Scenario): Result[] {
  return new Simulation(jobs, scenario).run()
}

class Simulation {
  readonly #scenario: Scenario
  readonly #cluster: Cluster
  readonly #dispatcher: SimulatedDispatcher
  readonly #courses: Course[]
  readonly #running = new Timetable<Course>()
  readonly #line = new WaitingLine<Course>()
  readonly #spills = new Timetable<{ course: Course; at: number }>()
  /** Cut on the public side, and on their way back into the line. */
  readonly #returning = new Timetable<Course>()
  #arrived = 0
  #queued = 0

  constructor(jobs: readonly Job[], scenario: Scenario) {
    this.#scenario = scenario
    this.#cluster = new Cluster(scenario.private.capacity)
    this.#dispatcher = new SimulatedDispatcher(scenario, this.#cluster)
    const { unit } = scenario.private.capacity
    this.#courses = jobs.map((job) => newCourse(job, unitsOf(unit, job.spec.cpu)))
  }

  run(): Result[] {
    for (let now = this.#next(); now !== Infinity; now = this.#next()) {
      this.#endDue(now)
      this.#spillDue(now)
      this.#arriveDue(now)
      this.#startWhatFits(now)
    }
    return this.#courses
  }

  #next(): number {
    this.#spills.skip(({ course, at }) => course.spillAt !== at)
    const arrival = this.#courses[this.#arrived]?.job.arrival ?? Infinity
    return Math.min(this.#running.next, arrival, this.#returning.next, this.#spills.next)
  }

  #endDue(now: number): void {
    for (let course = this.#running.takeDue(now); course; course = this.#running.takeDue(now)) {
      const attempt = course.attempts.at(-1)!
      if (course.node !== undefined) this.#cluster.giveBack(course.node, course.units)
      this.#dispatcher.ended(course, attempt, course.expectedCost)
    }
  }

  #spillDue(now: number): void {
    for (let due = this.#spills.takeDue(now); due; due = this.#spills.takeDue(now))
      if (due.course.spillAt === due.at) this.#spill(due.course, now)
  }

  #spill(course: Course, now: number): void {
    const verdict = this.#dispatcher.spillNow(course, now)
    if ('stay' in verdict) return this.#spillLater(course, verdict.until / 1000)
    this.#line.remove(course)
    course.spillAt = Infinity
    course.expectedCost = verdict.cost
    this.#dispatcher.spilled(course, verdict.cost, now)
    this.#goPublic(course, verdict.to, now)
  }

  #goPublic(course: Course, backend: BackendName, now: number): void {
    const { job } = course
    const side = this.#scenario.public.find(({ limits }) => limits.name === backend)!
    const { timeoutMax = Infinity } = side.limits
    const cut = job.seconds > timeoutMax
    const seconds = Math.min(job.seconds, timeoutMax)
    const start = now + (side.startSeconds ?? 0)
    const cost = this.#dispatcher.costOf(job, backend, seconds)
    course.attempts.push({ backend, public: true, start, end: start + seconds, cost, cut })
    if (cut) this.#sendBack(course, start + seconds, now)
    else this.#running.add(start + seconds, course)
  }

  /** What is cut on the public side stands in line again after that. */
  #sendBack(course: Course, at: number, now: number): void {
    const { arithmetic } = this.#scenario
    if (!arithmetic?.backAt) return this.#returning.add(at, course)
    const arrival = this.#courses[this.#arrived]?.job.arrival ?? Infinity
    const nextInLine = Math.min(arrival, this.#returning.nextAfter(now))
    this.#returning.add(arithmetic.backAt({ job: course.job, at, now, nextInLine }), course)
  }

  #arriveDue(now: number): void {
    for (let course = this.#courses[this.#arrived]; course && course.job.arrival === now;) {
      this.#arrived++
      this.#enter(course, now)
      course = this.#courses[this.#arrived]
    }
    for (let course = this.#returning.takeDue(now); course; course = this.#returning.takeDue(now)) {
      const attempt = course.attempts.at(-1)!
      this.#dispatcher.ended(course, attempt, course.expectedCost)
      this.#enter(course, attempt.end)
    }
  }

  /** Into the line, whatever was decided: what fits starts, and what is to go over at once goes in the next round. */
  #enter(course: Course, now: number): void {
    course.queuedAt = now
    course.since = now
    course.order = this.#queued++
    const decision = this.#dispatcher.decide(course, now)
    const { terms } = decision
    course.rule = terms?.rule ?? 'only-private'
    if (decision.eligible.length === 0) return
    const isPrivate = decision.eligible.includes(this.#dispatcher.home)
    if (isPrivate) this.#line.add(course)
    const hold = terms?.hold ?? null
    if (course.rule === 'expected-wait') this.#dispatcher.refused(course)
    else if (isPrivate) this.#dispatcher.queued(course, decision, now)
    if (hold !== null) this.#spillLater(course, this.#spillTime(course, hold))
  }

  #spillTime({ job, queuedAt, attempts }: Course, hold: number): number {
    const { arithmetic } = this.#scenario
    const attempt = attempts.length + 1
    return arithmetic ? arithmetic.spillAt({ job, hold, queuedAt, attempt }) : job.arrival + hold
  }

  #spillLater(course: Course, at: number): void {
    course.spillAt = at
    if (at !== Infinity) this.#spills.add(at, { course, at })
  }

  #startWhatFits(now: number): void {
    const { overtaking } = this.#scenario.private.capacity
    for (;;) {
      const course = this.#line.firstThatFits(this.#cluster.largestFree, overtaking)
      if (!course) return
      this.#line.remove(course)
      this.#start(course, now)
    }
  }

  #start(course: Course, now: number): void {
    const { job } = course
    const backend = this.#dispatcher.home
    const cost = this.#dispatcher.costOf(job, backend, job.seconds)
    course.spillAt = Infinity
    course.node = this.#cluster.take(course.units)!
    course.attempts.push({ backend, public: false, start: now, end: now + job.seconds, cost, cut: false })
    this.#dispatcher.started(course, now)
    this.#running.add(now + job.seconds, course)
  }
}

const newCourse = (job: Job, units: number): Course => ({
  job,
  units,
  attempts: [],
  rule: 'only-private',
  since: 0,
  order: 0,
  queuedAt: 0,
  spillAt: Infinity,
  expectedCost: 0,
})
