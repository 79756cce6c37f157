/** What is asked of a registry. */

export interface Call {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH'
  url: URL
  headers?: Readonly<Record<string, string>>
  /** Called for every try. */
  body?: () => Buffer | AsyncIterable<Uint8Array>
  /** Milliseconds in which nothing comes and nothing goes. Default: a minute. */
  silenceMs?: number | undefined
  /** Default: 4; 1 for what cannot be sent again as it is. */
  tries?: number | undefined
  signal?: AbortSignal | undefined
}
