/** Swagger UI in a real browser: the page shows every path, and "Try it out" reaches the dispatcher. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { dispatchers, REPOSITORY } from '../support/dispatcher-process.js'
import { temporaryDirectory } from '../support/temporary-directory.js'

const CHROMIUM = '/usr/bin/chromium'
const PLAYWRIGHT = join(process.env.SPILLWAY_CACHE ?? '', 'playwright', 'node_modules', 'playwright-core')

/** Keeps the browser from looking for its maker's hosts. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

interface Page {
  goto(url: string): Promise<unknown>
  click(selector: string): Promise<void>
  locator(selector: string): { count(): Promise<number>; first(): { textContent(): Promise<string | null> } }
  waitForSelector(selector: string): Promise<unknown>
  screenshot(options: { path: string; fullPage: boolean }): Promise<unknown>
}
interface Playwright {
  chromium: { launch(options: object): Promise<{ newPage(options: object): Promise<Page>; close(): Promise<void> }> }
}

describe('Swagger UI in Chromium', function () {
  this.timeout(90_000)
  const directory = temporaryDirectory()
  const start = dispatchers(directory)

  before(function () {
    const missing = [CHROMIUM, PLAYWRIGHT].filter((path) => !existsSync(path))
    if (missing.length === 0) return
    process.stdout.write(`    skipped: ${missing.join(' and ')} is not there\n`)
    this.skip()
  })

  it('shows the API, and a request made on the page is answered', async () => {
    const dispatcher = await start()
    await dispatcher.put('s-dev-hello', '#!/bin/sh\necho hello\n')
    const { chromium } = createRequire(__filename)(PLAYWRIGHT) as Playwright
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET })
    try {
      const page = await browser.newPage({ viewport: { width: 1200, height: 900 } })
      await page.goto(`${dispatcher.url}/docs`)
      await page.waitForSelector('#operations-functions-listFunctions')
      assert.ok((await page.locator('.opblock').count()) >= 20)
      await page.click('#operations-functions-listFunctions .opblock-summary-control')
      await page.click('#operations-functions-listFunctions .try-out__btn')
      await page.click('#operations-functions-listFunctions .execute')
      await page.waitForSelector('#operations-functions-listFunctions .live-responses-table .highlight-code')
      const answer = await page
        .locator('#operations-functions-listFunctions .live-responses-table .highlight-code')
        .first()
        .textContent()
      assert.match(answer ?? '', /s-dev-hello/)
      const pictures = join(REPOSITORY, 'test/.artifacts')
      mkdirSync(pictures, { recursive: true })
      await page.screenshot({ path: join(pictures, 'swagger-ui.png'), fullPage: false })
    } finally {
      await browser.close()
    }
  })
})
