/** The small layer on top of image and kit: what runs, with its files. Pure; the same function gives the same layer. */
import { posix } from 'node:path'
import type { PackagedFile } from '../../../../runtime/contract/dispatcher-api.js'
import {
  LAMBDA_FILES_DIRECTORY,
  LAMBDA_FUNCTION_FILE,
  type LambdaFunctionFile,
} from '../../../../runtime/contract/lambda-function.js'
import type { LayerFile } from '../../../images/layer.js'

/** Readable by the user of Lambda, who is none of the image's. */
export const functionLayer = (file: LambdaFunctionFile, files: readonly PackagedFile[]): LayerFile[] => [
  { path: LAMBDA_FUNCTION_FILE, mode: 0o644, content: `${JSON.stringify(file, undefined, 2)}\n` },
  ...files.map(({ path, mode, data }) => ({
    path: posix.join(LAMBDA_FILES_DIRECTORY, path),
    mode,
    content: Buffer.from(data, 'base64'),
  })),
]
