// A dispatcher as far as starting and stopping goes; TEST_DISPATCHER_FAIL makes it die at start.
const { readFileSync, writeFileSync, rmSync } = require('node:fs')
const { createServer } = require('node:http')
const { join } = require('node:path')

const { stateDirectory, listen } = JSON.parse(readFileSync(process.argv[process.argv.indexOf('--config') + 1], 'utf8'))
if (process.env.TEST_DISPATCHER_FAIL) {
  console.error('the disk is on fire')
  process.exit(7)
}
writeFileSync(
  join(stateDirectory, 'settings.json'),
  JSON.stringify(Object.keys(process.env).filter((name) => name.startsWith('SPILLWAY_'))),
)
const file = join(stateDirectory, 'dispatcher.json')
const server = createServer((request, response) => response.end('{}'))
server.listen(Number(listen.split(':').at(-1)), '127.0.0.1', () =>
  writeFileSync(
    file,
    JSON.stringify({ url: `http://127.0.0.1:${server.address().port}`, pid: process.pid, startedAt: Date.now() }),
  ),
)
process.once('SIGTERM', () => {
  rmSync(file)
  process.exit(0)
})
