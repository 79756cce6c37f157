/** What a registry wants to see: https://www.rfc-editor.org/rfc/rfc9110#name-www-authenticate. Pure. */

export type Challenge = { scheme: 'basic' } | { scheme: 'bearer'; realm: string; service?: string; scope?: string }

const PARAMETER = /([A-Za-z][\w-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g

/** A token if one is offered, else name and password; undefined when neither is. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const challenges = split(header ?? '')
  const bearer = challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.realm)
  if (bearer) return { ...bearer.parameters, scheme: 'bearer', realm: bearer.parameters.realm! }
  return challenges.some(({ scheme }) => scheme === 'basic') ? { scheme: 'basic' } : undefined
}

interface Split {
  scheme: string
  parameters: { realm?: string; service?: string; scope?: string }
}

/** Several may stand in one header; commas separate them, and their parameters too. Quoted text is none of either. */
function split(header: string): Split[] {
  const bare = header.replace(/"(?:[^"\\]|\\.)*"/g, (quoted) => '"'.repeat(quoted.length))
  const starts = [...bare.matchAll(/(?:^|,)\s*(basic|bearer)(?=\s|,|$)/gi)]
  return starts.map((start, at) => {
    const text = header.slice(start.index + start[0].length, starts[at + 1]?.index)
    return { scheme: start[1]!.toLowerCase(), parameters: parametersOf(text) }
  })
}

const KNOWN = ['realm', 'service', 'scope']

const parametersOf = (text: string): Split['parameters'] =>
  Object.fromEntries(
    [...text.matchAll(PARAMETER)]
      .map(([, name, quoted, plain]) => [name!.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain!])
      .filter(([name]) => KNOWN.includes(name!)),
  )
