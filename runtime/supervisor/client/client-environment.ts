/** What a runtime client finds in its environment: what Lambda would give it, and where its files come and go. Pure. */
import { join } from 'node:path'
import type { WorkerConfig } from '../config.js'

/** Link in the scratch directory to the workspace of the attempt that runs: the client keeps its variables. */
export const CURRENT = 'current'

export function clientEnvironment({ worker, scratch, inherited }: WorkerConfig, address: string) {
  const current = join(scratch, CURRENT)
  return {
    // As Lambda has them; on Lambda itself they are inherited.
    AWS_LAMBDA_FUNCTION_NAME: worker.function,
    AWS_LAMBDA_FUNCTION_VERSION: String(worker.release),
    AWS_LAMBDA_LOG_GROUP_NAME: `/spillway/${worker.function}`,
    AWS_LAMBDA_LOG_STREAM_NAME: worker.backend,
    ...inherited,
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
