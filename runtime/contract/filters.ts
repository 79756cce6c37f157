/** Which objects start a function, and which results go where. */
import type Picomatch from 'picomatch'
import type { InputRule, OutputRule } from './function-spec.js'
import type { ObjectEvent } from './object-event.js'

/** True when the creation of that object is work for the rule. A "folder" marker (empty, key ends in /) is no file. */
export function inputAccepts(rule: InputRule, event: Pick<ObjectEvent, 'storage' | 'bucket' | 'key'>): boolean {
  return (
    rule.storage === event.storage &&
    rule.bucket === event.bucket &&
    event.key.startsWith(rule.prefix) &&
    !event.key.endsWith('/') &&
    (rule.suffix.length === 0 || rule.suffix.some((suffix) => event.key.endsWith(suffix)))
  )
}

/** The outputs that take a result; `name` is its path below the output directory, with `/`. */
export const outputsFor = (rules: readonly OutputRule[], name: string): OutputRule[] =>
  rules.filter((rule) => matches(rule.match, name))

/** Loaded with the first glob: most workers never see one, and it takes its milliseconds. */
const loadPicomatch = () => require('picomatch') as typeof Picomatch

/** A glob without a slash looks at the file's name alone, as in .gitignore: `*.json` also takes `a/b.json`. */
function matches(globs: readonly string[], name: string): boolean {
  const base = name.slice(name.lastIndexOf('/') + 1)
  const picomatch = loadPicomatch()
  // The flag lets * and ** take the line ends that a name may have.
  return globs.some((glob) => picomatch.isMatch(glob.includes('/') ? name : base, glob, { dot: true, flags: 's' }))
}

/** The key of a result: a prefix that names a folder gets its slash. */
export function outputKey(rule: Pick<OutputRule, 'prefix'>, name: string): string {
  return rule.prefix === '' || rule.prefix.endsWith('/') ? rule.prefix + name : `${rule.prefix}/${name}`
}
