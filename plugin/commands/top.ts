/** `serverless spillway top`: queue, back-ends, costs and decisions as they are now, until Ctrl-C. */
import { setTimeout as delay } from 'node:timers/promises'
import { SpillwayError } from '../../runtime/contract/errors.js'
import { chosenFunctions, dispatcherOf, type CommandContext } from '../context.js'
import { stopSignal } from '../stop-signal.js'
import { News, summary } from '../top/news.js'
import { overview, picture } from '../top/picture.js'
import { Screen, type Terminal } from '../top/screen.js'
import type { View } from '../top/view.js'
import { WatchWork } from '../top/watch-work.js'

const LOOK_EVERY_MS = 400

interface Display {
  show(view: View): void
  /** What is left to read when the terminal is given back. */
  close(last: View): void
}

export async function top(
  context: CommandContext,
  { terminal = process.stdout, signal = stopSignal() }: { terminal?: Terminal; signal?: AbortSignal } = {},
): Promise<void> {
  const { service, output, options } = context
  const client = await dispatcherOf(context)
  const names = chosenFunctions(context).map(({ name }) => name)
  const watch = new WatchWork({ client, names, now: () => Date.now() })
  const title = `${service.service} at ${client.url}`
  let view = await watch.look()
  output.log.notice(`Watching ${title}; Ctrl-C ends it`)
  const display = displayFor(context, terminal, title)
  try {
    while (!signal.aborted && !(options['until-done'] === true && watch.isDone)) {
      display.show(view)
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
      view = await lookAgain(watch, view)
    }
    display.show(view)
  } finally {
    display.close(view)
  }
  output.writeText(summary(view))
}

/** A dispatcher that does not answer for a while spoils nothing. */
async function lookAgain(watch: WatchWork, before: View): Promise<View> {
  try {
    return await watch.look()
  } catch (error) {
    if (!(error instanceof SpillwayError)) throw error
    return { ...before, at: Date.now(), trouble: error.message }
  }
}

function displayFor({ output, environment }: CommandContext, terminal: Terminal, title: string): Display {
  if (!terminal.isTTY || environment.terminal === 'plain') {
    const news = new News()
    return { show: (view) => news.lines(view).forEach((line) => output.writeText(line)), close: () => undefined }
  }
  const screen = new Screen(terminal)
  const frame = () => ({ ...screen.size, colour: environment.terminal === 'colour', title })
  return {
    show: (view) => screen.draw(picture(view, frame())),
    close: (view) => {
      screen.close()
      output.writeText(overview(view, frame()))
    },
  }
}
