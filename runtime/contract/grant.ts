/** Permission to move one file; the only form in which storage access reaches the machine that runs user code. */
export interface Grant {
  method: 'GET' | 'PUT'
  /** `http(s):` anywhere, `file:` when the worker shares the dispatcher's disk, `data:` for a small request body. */
  url: string
  headers?: Record<string, string>
  /** Certificate authority of the store, PEM; absent = one that the machine trusts. */
  ca?: string
  /** Epoch milliseconds after which the store refuses it. */
  expiresAt: number
}

/** Permission to read one input object. */
export interface InputGrant extends Grant {
  method: 'GET'
  /** Name under which the file is staged. */
  name: string
  /** bytes */
  size: number
}

/** Permission to write one result to one place. One file that several outputs take has several. */
export interface OutputGrant extends Grant {
  method: 'PUT'
  /** Present for a file that is too large for one request: it goes in these pieces, in this order; `url` is the first's. */
  parts?: PartGrant[]
}

/** Permission to write one piece of a result. */
export interface PartGrant {
  url: string
  /** bytes */
  size: number
}
