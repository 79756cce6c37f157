/** What `serverless deploy` has put on Lambda, as its template says, for the endpoint that plays Lambda. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Podman } from '../../support/containers/podman.js'
import type { LambdaFunction } from '../../support/lambda/engine.js'
import { unpackImage } from './unpack-image.js'

interface Deployed {
  FunctionName: string
  MemorySize: number
  Timeout: number
  EphemeralStorage: { Size: number }
  Environment?: { Variables: Record<string, string> }
  ImageConfig: { EntryPoint: string[]; Command: string[] }
  Code: { ImageUri: { 'Fn::Sub': string } }
}

interface Template {
  Resources: Record<string, { Type: string; Properties: object }>
}

export interface DeployedFunctions {
  /** Of the service, after its deployment. */
  directory: string
  /** `host:port` of what stands in for ECR's registry. */
  registry: string
  podman: Podman
  /** For the files of images. */
  scratch: string
}

/** Each image is pulled from the registry by its digest. */
export function deployedFunctions({ directory, registry, podman, scratch }: DeployedFunctions): LambdaFunction[] {
  const file = join(directory, '.serverless', 'cloudformation-template-update-stack.json')
  const { Resources } = JSON.parse(readFileSync(file, 'utf8')) as Template
  return Object.values(Resources)
    .filter(({ Type }) => Type === 'AWS::Lambda::Function')
    .map(({ Properties }) => {
      const deployed = Properties as Deployed
      const name = deployed.FunctionName
      const reference = `${registry}/${deployed.Code.ImageUri['Fn::Sub'].replace(/^[^/]*\//, '')}`
      const root = unpackImage(podman, reference, join(scratch, name))
      const environment = variablesOf(podman, reference)
      return {
        name,
        memorySize: deployed.MemorySize,
        timeout: deployed.Timeout,
        ephemeralStorageSize: deployed.EphemeralStorage.Size,
        environment: deployed.Environment?.Variables ?? {},
        image: { root, command: [...deployed.ImageConfig.EntryPoint, ...deployed.ImageConfig.Command], environment },
      }
    })
}

function variablesOf(podman: Podman, reference: string): Record<string, string> {
  const listed = JSON.parse(podman.run('inspect', '--format', '{{json .Config.Env}}', reference)) as string[] | null
  return Object.fromEntries((listed ?? []).map((text) => [text.split('=', 1)[0]!, text.slice(text.indexOf('=') + 1)]))
}
