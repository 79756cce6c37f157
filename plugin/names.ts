/** Names of functions: short in a service, full in a dispatcher that many services share. */

export interface ServiceName {
  service: string
  stage: string
}

export const fullName = ({ service, stage }: ServiceName, key: string): string => `${service}-${stage}-${key}`
