/** The environment of the user's process: its image's, the function's, and section 3 of the contract. */
import type { AttemptDocument } from '../contract/runtime-api.js'
import { scriptVariables } from '../contract/worker-environment.js'
import type { WorkerConfig } from './config.js'
import type { Workspace } from './workspace.js'

/** An attempt without the permissions for its files. */
export type TaskDocument = Omit<AttemptDocument, 'input'>

export interface ScriptContext {
  /** Of the attempt, as the Runtime API calls it. */
  id: string
  config: WorkerConfig
  document: TaskDocument
  workspace: Workspace
  /** The event as JSON text. */
  event: string
  inputs: string[]
  /** `lambda-runtime-*` of the answer that brought the attempt, without its id. */
  headers: Record<string, string>
}

export function scriptEnvironment({
  config,
  document,
  workspace,
  event,
  inputs,
}: ScriptContext): Record<string, string> {
  const { worker, inherited } = config
  const variables = scriptVariables({
    invocation: document.invocation,
    attempt: document.attempt,
    functionName: worker.function,
    release: worker.release,
    backend: worker.backend,
    deadlineMs: document.limits.deadlineMs,
    event,
    eventFile: workspace.eventFile,
    eventTime: document.eventTime,
    ...(document.objectKey === undefined ? {} : { objectKey: document.objectKey }),
    ...(inputs[0] === undefined ? {} : { inputFile: inputs[0] }),
    inputDir: workspace.input,
    outputDir: workspace.output,
    filesDir: worker.filesDir,
  })
  return { ...inherited, TMPDIR: workspace.tmp, ...worker.environment, ...variables }
}

/** The body of a request is also what the script reads from standard input. */
export const standardInput = ({ document, inputs }: ScriptContext): string =>
  document.objectKey === undefined && inputs.length === 1 ? (inputs[0] ?? '/dev/null') : '/dev/null'
