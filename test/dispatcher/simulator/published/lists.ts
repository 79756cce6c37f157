/** The published job lists and what was published about them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Job } from '../../../../dispatcher/simulator/job.js'
import { readJobs } from '../../../../dispatcher/simulator/jobs/read-jobs.js'
import type { Debug, Extra, Metrics } from './metrics.js'
import type { Published } from './policies.js'

export interface Expected {
  cluster: { nodes: number; gpus_per_node: number }
  cases: PublishedCase[]
}

export interface PublishedCase {
  name: 'cv1' | 'cv4'
  jobs_file: string
  policies: PublishedResult[]
}

export interface PublishedResult {
  name: string
  params: Published
  metrics: Metrics & { cloud_cost_vs_no_wait: number }
  extra: Extra
  placement_sha256: string
  debug: Debug
}

export const expected = JSON.parse(readFileSync(join(__dirname, 'expected.json'), 'utf8')) as Expected

const csvOf = ({ jobs_file: file }: PublishedCase) => gunzipSync(readFileSync(join(__dirname, `${file}.gz`))).toString()

/** A day: longer than any of the jobs runs, as somebody declares who wants none of them stopped. */
export const DECLARED_TIMEOUT_HOURS = 24

/** With an hour as it is. */
export const jobsOf = (published: PublishedCase): Job[] =>
  readJobs(csvOf(published), { name: published.jobs_file, timeout: DECLARED_TIMEOUT_HOURS * 3600 }).jobs

/** With an hour played as a second, so that no digit is lost. */
export const unscaledJobsOf = (published: PublishedCase): Job[] =>
  readJobs(csvOf(published).replaceAll(/_h(?=,)/g, ''), {
    name: published.jobs_file,
    timeout: DECLARED_TIMEOUT_HOURS,
  }).jobs
