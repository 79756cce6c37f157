/** Keys of a function that are the framework's: what we look at ourselves, and what is passed on for Lambda. */
import type { FunctionBlock } from './serverless.js'

/** They mean something for all of our functions; none of them goes into the spec. */
export const READ_WORDS: readonly string[] = ['name', 'description', 'tags', 'handler', 'events']

/** For functions that may run on Lambda, as the framework's own functions have them. */
const PASSED_WORDS: readonly string[] = [
  'description',
  'tags',
  'role',
  'vpc',
  'fileSystemConfig',
  'tracing',
  'kmsKeyArn',
  'logRetentionInDays',
  'logDataProtectionPolicy',
  'logs',
  'onError',
  'destinations',
  'maximumEventAge',
  'maximumRetryAttempts',
  'reservedConcurrency',
  'provisionedConcurrency',
  'versionFunction',
  'recursiveLoop',
  'condition',
  'dependsOn',
]

/** What the framework would look up in `provider` by itself, and our role needs to know. */
const INHERITED_WORDS: Readonly<Record<string, (provider: FunctionBlock) => unknown>> = {
  vpc: ({ vpc }) => vpc,
  kmsKeyArn: ({ kmsKeyArn }) => kmsKeyArn,
  tracing: ({ tracing }) => (tracing as { lambda?: unknown } | undefined)?.lambda,
}

export const isPassed = (key: string): boolean => PASSED_WORDS.includes(key)

export function passedWords(block: FunctionBlock, provider: FunctionBlock): FunctionBlock {
  const own = Object.entries(block).filter(([key]) => isPassed(key))
  const inherited = Object.entries(INHERITED_WORDS).flatMap(([key, from]) => {
    const value = key in block ? undefined : from(provider)
    return value === undefined ? [] : [[key, value] as const]
  })
  return Object.fromEntries([...inherited, ...own])
}
