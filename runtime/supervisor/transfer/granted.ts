/** Moves one file with a grant, whatever kind of store it comes from; what broke off is tried again. */
import type { Grant } from '../../contract/grant.js'
import { backoffMs, wait } from '../wait.js'
import { readDataGrant } from './data-grant.js'
import { readFileGrant, writeFileGrant } from './file-grant.js'
import { readHttpGrant, writeHttpGrant } from './http-grant.js'
import type { Download, Upload } from './transfer.js'
import { TransferError } from './transfer-error.js'

const TRIES = 5

export const readGranted = (download: Download): Promise<void> =>
  isData(download.grant)
    ? readDataGrant(download)
    : persistently(download.signal, () => (isFile(download.grant) ? readFileGrant(download) : readHttpGrant(download)))

export const writeGranted = (upload: Upload): Promise<void> =>
  persistently(upload.signal, () => (isFile(upload.grant) ? writeFileGrant(upload) : writeHttpGrant(upload)))

const isData = (grant: Grant) => grant.url.startsWith('data:')

const isFile = (grant: Grant) => grant.url.startsWith('file:')

async function persistently(signal: AbortSignal, move: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await move()
    } catch (error) {
      if (signal.aborted || !isTransient(error) || tries === TRIES - 1) throw error
      await wait(backoffMs(tries, { first: 100, most: 2000 }), signal)
    }
  }
}

const isTransient = (error: unknown) => error instanceof TransferError && error.fault === 'interrupted'
