import { SUPERVISOR_VARIABLES } from '../../contract/worker-environment.js'
import type { Environment } from '../config.js'

/** Lambda names the function in every sandbox: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
const FUNCTION_NAME = 'AWS_LAMBDA_FUNCTION_NAME'

/** False for a worker of a dispatcher, also when it runs an image that was made for Lambda. */
export const isOnLambda = (environment: Environment): boolean =>
  !!environment[SUPERVISOR_VARIABLES.functionFile] ||
  (!!environment[FUNCTION_NAME] &&
    !environment[SUPERVISOR_VARIABLES.workerFile] &&
    !environment[SUPERVISOR_VARIABLES.startToken])
