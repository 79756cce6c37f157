/** Bytes as they come from a pipe, cut into lines; a line that does not end is handed on in pieces. */

/** Bytes of one piece of a very long line. */
export const PIECE_BYTES_MAX = 16 * 1024

const LINE_FEED = 10

export class LineSplitter {
  #rest: Buffer = Buffer.alloc(0)

  /** The lines that are complete now, without their ends. */
  push(chunk: Buffer): string[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const lines: string[] = []
    let start = 0
    while (start < bytes.length) {
      const lineEnd = bytes.indexOf(LINE_FEED, start)
      const isLong = (lineEnd < 0 ? bytes.length : lineEnd) - start > PIECE_BYTES_MAX
      if (lineEnd < 0 && !isLong) break
      const end = isLong ? characterStart(bytes, start + PIECE_BYTES_MAX) : lineEnd
      lines.push(bytes.toString('utf8', start, end))
      start = isLong ? end : end + 1
    }
    // A copy, so that the rest of a line does not hold a whole chunk in memory.
    this.#rest = Buffer.from(bytes.subarray(start))
    return lines
  }

  /** What came after the last line end. */
  end(): string[] {
    const rest = this.#rest.toString()
    this.#rest = Buffer.alloc(0)
    return rest === '' ? [] : [rest]
  }
}

/** The last place at or before `position` where no UTF-8 character is cut in two. */
export function characterStart(bytes: Buffer, position: number): number {
  for (let back = 0; back < 4; back++) {
    const byte = bytes[position - back]
    if (byte !== undefined && (byte & 0xc0) !== 0x80) return position - back
  }
  return position
}
