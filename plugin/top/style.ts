/** Text for a terminal: cut and filled to a width, coloured, and clean of what a name could do to it. Pure. */

/** https://en.wikipedia.org/wiki/ANSI_escape_code#Select_Graphic_Rendition_parameters */
const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const
export type Style = keyof typeof CODES

export interface Part {
  text: string
  style?: Style | undefined
}

export const part = (text: string, style?: Style): Part => ({ text, style })

/** Names of objects may have anything in them, what steers a terminal too. */
export const clean = (text: string): string => text.replace(/\p{C}/gu, '?')

/** Exactly so many characters. */
export function fit(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const characters = [...text]
  if (characters.length > width) return width < 1 ? '' : `${characters.slice(0, width - 1).join('')}…`
  const fill = ' '.repeat(width - characters.length)
  return side === 'left' ? text + fill : fill + text
}

/** One line, cut at `width`. */
export function paint(parts: readonly Part[], { width, colour }: { width: number; colour: boolean }): string {
  let left = width
  let line = ''
  for (const { text, style } of parts) {
    const characters = [...text].slice(0, left)
    left -= characters.length
    const shown = characters.join('')
    line += style && colour && shown !== '' ? `\x1b[${CODES[style]}m${shown}\x1b[0m` : shown
  }
  return line
}
