/** Moves one file with a grant, whatever kind of store it comes from; what broke off is tried again. */
import type { Grant } from '../../contract/grant.js'
import { readDataGrant } from './data-grant.js'
import { readFileGrant, writeFileGrant } from './file-grant.js'
import { readHttpGrant, writeHttpGrant } from './http-grant.js'
import { persistently } from './persistently.js'
import { writeInParts } from './write-in-parts.js'
import type { Download, Upload } from './transfer.js'

export const readGranted = (download: Download): Promise<void> =>
  isData(download.grant)
    ? readDataGrant(download)
    : persistently(download.signal, () => (isFile(download.grant) ? readFileGrant(download) : readHttpGrant(download)))

export const writeGranted = (upload: Upload): Promise<void> =>
  upload.grant.parts
    ? writeInParts(upload, upload.grant.parts)
    : persistently(upload.signal, () => (isFile(upload.grant) ? writeFileGrant(upload) : writeHttpGrant(upload)))

const isData = (grant: Grant) => grant.url.startsWith('data:')

const isFile = (grant: Grant) => grant.url.startsWith('file:')
