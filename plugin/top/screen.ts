/** A terminal that is drawn on as a whole, and given back as it was. */

export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
}

const OTHER_SCREEN = '\x1b[?1049h\x1b[?25l'
const OWN_SCREEN = '\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const REST_OF_LINE = '\x1b[K'
const REST_OF_SCREEN = '\x1b[J'

export class Screen {
  readonly #terminal: Terminal

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    terminal.write(OTHER_SCREEN)
  }

  get size(): { width: number; height: number } {
    return { width: this.#terminal.columns ?? 80, height: this.#terminal.rows ?? 24 }
  }

  draw(lines: readonly string[]): void {
    const text = lines.map((line) => line + REST_OF_LINE).join('\r\n')
    this.#terminal.write(HOME + text + REST_OF_SCREEN)
  }

  close(): void {
    this.#terminal.write(OWN_SCREEN)
  }
}
