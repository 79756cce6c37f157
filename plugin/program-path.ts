/** Where the programs of this package are; bundled, the plugin is one file in dist/plugin, and so is this. */
import { join } from 'node:path'

export const programPath = (...below: string[]): string => join(__dirname, '..', ...below)
