/** A runtime client as small as can be: asks for an event, does what it says, answers. */
const http = require('node:http')
const fs = require('node:fs')

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':')
const ROOT = '/2018-06-01/runtime'

const call = (method, path, body = '', headers = {}) =>
  new Promise((resolve, reject) => {
    const request = http.request({ host, port, method, path: ROOT + path, headers }, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }))
    })
    request.on('error', reject)
    request.end(body)
  })

const deeds = {
  echo: (event) => ({ event, pid: process.pid, events: ++events }),
  environment: () => process.env,
  headers: (_event, headers) => headers,
  print: () => console.log('printed for', events) ?? 'printed',
  copy: () => {
    const { TMP_INPUT_DIR: input, TMP_OUTPUT_DIR: output } = process.env
    for (const name of fs.readdirSync(input)) fs.copyFileSync(`${input}/${name}`, `${output}/${name}`)
    return fs.readdirSync(output)
  },
  fail: () => {
    throw Object.assign(new Error('no such flower'), { name: 'FlowerError' })
  },
  crash: () => process.exit(5),
  hang: () => new Promise(() => setInterval(() => undefined, 1000)),
  big: () => 'x'.repeat(7 * 1024 * 1024),
}
let events = 0

async function main() {
  if (process.env.REFUSE_TO_START) {
    const body = JSON.stringify({ errorType: 'Runtime.ImportModuleError', errorMessage: "No module named 'app'" })
    await call('POST', '/init/error', body)
    process.exit(1)
  }
  for (;;) {
    const { headers, text } = await call('GET', '/invocation/next')
    const id = headers['lambda-runtime-aws-request-id']
    const event = JSON.parse(text)
    try {
      const result = await deeds[event.do](event, headers)
      const { status } = await call('POST', `/invocation/${id}/response`, JSON.stringify(result))
      if (status === 413) throw Object.assign(new Error('too large'), { name: 'Function.ResponseSizeTooLarge' })
      if (event.thenExit) process.exit(0)
    } catch (error) {
      const body = JSON.stringify({ errorType: error.name, errorMessage: error.message })
      await call('POST', `/invocation/${id}/error`, body, { 'Lambda-Runtime-Function-Error-Type': error.name })
    }
  }
}

main()
