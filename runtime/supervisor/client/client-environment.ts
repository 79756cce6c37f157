/** What a runtime client finds in its environment: what Lambda would give it, and where its files come and go. Pure. */
import { join } from 'node:path'
import type { WorkerRun } from '../../contract/runtime-api.js'
import type { WorkerConfig } from '../config.js'

/** Link in the scratch directory to the workspace of the attempt that runs: the client keeps its variables. */
export const CURRENT = 'current'

/** Where Lambda has the code of functions: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
const TASK_ROOT = '/var/task'

export interface ClientSurroundings {
  /** Of the Runtime API that the client asks. */
  address: string
  /** Of memory that there is. */
  megabytes: number
}

export function clientEnvironment(
  { worker, scratch, inherited }: WorkerConfig,
  { address, megabytes }: ClientSurroundings,
) {
  const current = join(scratch, CURRENT)
  return {
    // As Lambda has them; on Lambda itself they are inherited.
    AWS_LAMBDA_FUNCTION_NAME: worker.function,
    AWS_LAMBDA_FUNCTION_VERSION: String(worker.release),
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(megabytes),
    AWS_LAMBDA_LOG_GROUP_NAME: `/spillway/${worker.function}`,
    AWS_LAMBDA_LOG_STREAM_NAME: worker.backend,
    LAMBDA_TASK_ROOT: TASK_ROOT,
    ...inherited,
    // Lambda's own is of the command by which we were started.
    ...handlerOf(worker.run),
    ...worker.environment,
    AWS_LAMBDA_RUNTIME_API: address,
    TMPDIR: join(current, 'tmp'),
    TMP_INPUT_DIR: join(current, 'input'),
    TMP_OUTPUT_DIR: join(current, 'output'),
    EVENT_FILE_PATH: join(current, 'event.json'),
    SPILLWAY_FUNCTION: worker.function,
    SPILLWAY_RELEASE: String(worker.release),
    SPILLWAY_BACKEND: worker.backend,
    SPILLWAY_FILES_DIR: worker.filesDir,
  }
}

/** Lambda names the last word of a command so; some clients go by that alone. */
function handlerOf(run: WorkerRun): { _HANDLER?: string } {
  const handler = run.kind === 'command' ? run.command.at(-1) : undefined
  return handler === undefined ? {} : { _HANDLER: handler }
}
