#!/usr/bin/env node
// Stands in for docker: writes down how it was called, asks for a login before its first push, and pretends to have pushed
// the image whose digest it is told.
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')

const { DOCKER_RECORD: record, DOCKER_DIGEST: digest } = process.env
const words = process.argv.slice(2)
appendFileSync(join(record, 'calls'), `${words.join(' ')}\n`)

const signedIn = join(record, 'signed-in')
if (words[0] === 'login') {
  // Older versions of the framework give the password as a word, and leave standard input open.
  writeFileSync(signedIn, words.includes('--password-stdin') ? readFileSync(0) : '')
} else if (words[0] === 'push' && !existsSync(signedIn)) {
  process.stderr.write('no basic auth credentials\n')
  process.exitCode = 1
} else if (words[0] === 'push') {
  process.stdout.write(`${words[1].split(':').pop()}: digest: ${digest} size: 1234\n`)
}
