/** The plugin: hooks and commands, nothing else. What they do is loaded when they run. */
import { commandDefinitions, ID_COMMANDS, type CommandWords, type IdCommand } from './command-definitions.js'
import type { SetImage } from './commands/lambda/plan.js'
import type { CommandContext } from './context.js'
import {
  endWith,
  isCommand,
  mendDefaultRole,
  renameImages,
  runFirst,
  setImage,
  mendFunction,
  wordAfter,
} from './framework.js'
import type { PackagedImage } from './registration.js'
import type { CommandDefinition, Options, Output, Serverless } from './serverless.js'
import { Session } from './session.js'

type Hooks = Record<string, () => unknown>

/** What the framework can do for Lambda functions only, event -> what to say of ours. */
const UNAVAILABLE: Readonly<Record<string, string>> = {
  'deploy:list:log': 'deploy list',
  'deploy:list:functions:log': 'deploy list functions',
  'rollback:rollback': 'rollback',
}

/** Exit codes of \`diff\`, as diff(1) has them: a service that cannot be read is no difference. */
const DIFFERENT = 1
const TROUBLE = 2

class SpillwayPlugin {
  readonly commands: Record<string, CommandDefinition>
  readonly hooks: Hooks
  readonly #serverless: Serverless
  readonly #session: Session
  /** Of the functions on Lambda, once they are planned; by key. */
  #images: ReadonlyMap<string, PackagedImage> = new Map()
  #forgetTrouble = () => {}

  constructor(serverless: Serverless, _options: Options, output: Output) {
    this.#serverless = serverless
    this.#session = new Session(serverless, output)
    if (isCommand(serverless, 'spillway diff')) this.#forgetTrouble = endWith(TROUBLE)
    const words = wordsOf(serverless)
    this.commands = commandDefinitions(words)
    this.hooks = {
      initialize: this.#session.initialize,
      ...this.#serviceHooks(),
      ...this.#functionHooks(),
      ...this.#stackHooks(),
      ...this.#ownHooks(),
      ...this.#idHooks(words),
    }
  }

  asyncInit(): void {
    runFirst(this.#serverless, 'initialize', this.#session.initialize)
  }

  /** Commands about the whole service: AWS does its part, if it has one, and we do ours. */
  #serviceHooks(): Hooks {
    const session = this.#session
    const { service } = this.#serverless
    return {
      'package:compileFunctions': session.ours(async (context) =>
        (await import('./commands/package.js')).packageService(context, {
          aws: !session.detached,
          configuredPath: service.package.path,
          images: this.#images,
        }),
      ),
      'deploy:deploy': session.ours(async (context) =>
        (await import('./commands/deploy.js')).deploy(context, { aws: !session.detached }),
      ),
      'info:info': session.ours(async (context) =>
        (await import('./commands/info.js')).info(context, session.detached ? undefined : this.#serverless),
      ),
      'metrics:metrics': session.ours(async (context) =>
        (await import('./commands/metrics.js')).metrics(context, { aws: !session.detached }),
      ),
      'remove:remove': session.ours(async (context) =>
        (await import('./commands/remove.js')).remove(context, { aws: !session.detached }),
      ),
    }
  }

  /** What is done beside the framework for functions of ours that are on Lambda. */
  #stackHooks(): Hooks {
    const session = this.#session
    const serverless = this.#serverless
    const set: SetImage = (key, image, hidden) => setImage(serverless, key, image, hidden)
    return {
      'before:package:compileFunctions': session.besideAws(async (context) => {
        this.#images = await (await import('./commands/lambda/plan.js')).plan(context, set)
      }),
      'after:package:compileFunctions': session.besideAws(async (context) => {
        if (this.#images.size === 0) return
        const { eachUri } = await import('./commands/lambda/plan.js')
        eachUri(context, this.#images, (key, uri) => mendFunction(serverless, key, uri))
        mendDefaultRole(serverless, [...this.#images.keys()])
      }),
      'before:deploy:deploy': session.besideAws(async (context) => {
        const { prepare } = await import('./commands/lambda/prepare.js')
        renameImages(serverless, await prepare(context, serverless.service.package.path))
      }),
      'before:deploy:function:deploy': session.besideAws(async (context) =>
        (await import('./commands/lambda/deploy-function.js')).prepareFunction(context, set),
      ),
      'after:rollback:rollback': session.besideAws(async (context) =>
        (await import('./commands/lambda/finish.js')).rollBack(context),
      ),
      'before:remove:remove': session.besideAws(async (context) =>
        (await import('./commands/lambda/finish.js')).takeBack(context),
      ),
    }
  }

  #functionHooks(): Hooks {
    const session = this.#session
    return {
      'deploy:function:deploy': session.ours(async (context) =>
        (await import('./commands/deploy.js')).deployFunction(context, { aws: !session.detached }),
      ),
      'before:invoke:invoke': session.besideAws(async (context) =>
        (await import('./commands/invoke.js')).refuseOwnOptions(context),
      ),
      'invoke:invoke': session.withoutAws(async (context) => (await import('./commands/invoke.js')).invoke(context)),
      'invoke:local:invoke': session.withoutAws(async (context) =>
        (await import('./commands/invoke-local.js')).invokeLocal(context),
      ),
      'rollback:function:rollback': session.withoutAws(async (context) =>
        (await import('./commands/lambda/rollback-function.js')).rollBackFunction(context),
      ),
      'logs:logs': session.withoutAws(async (context) => (await import('./commands/logs.js')).logs(context)),
      ...Object.fromEntries(
        Object.entries(UNAVAILABLE).map(([event, command]) => [
          event,
          session.withoutAws(async () => (await import('./commands/unavailable.js')).unavailable(command)),
        ]),
      ),
    }
  }

  #ownHooks(): Hooks {
    const session = this.#session
    return {
      'spillway:dev:run': session.own(async (context) => (await import('./commands/dev.js')).dev(context)),
      'spillway:register:run': session.own(async (context) => (await import('./commands/deploy.js')).register(context)),
      'spillway:diff:run': session.own(async (context) => {
        const isDifferent = await (await import('./commands/diff.js')).diff(context)
        this.#forgetTrouble()
        if (isDifferent) process.exitCode = DIFFERENT
      }),
      'spillway:graph:run': session.own(async (context) => (await import('./commands/graph.js')).graph(context)),
      'spillway:top:run': session.own(async (context) => (await import('./commands/top.js')).top(context)),
      'spillway:invocations:run': session.own(async (context) =>
        (await import('./commands/invocations.js')).invocations(context),
      ),
    }
  }

  #idHooks(words: CommandWords): Hooks {
    const commands: Record<IdCommand, (context: CommandContext, word: string | undefined) => Promise<void>> = {
      explain: async (context, word) => (await import('./commands/explain.js')).explain(context, word),
      redrive: async (context, word) => (await import('./commands/redrive.js')).redrive(context, word),
      cancel: async (context, word) => (await import('./commands/cancel.js')).cancel(context, word),
    }
    return Object.fromEntries(
      ID_COMMANDS.flatMap((name) => [
        [`spillway:${name}:run`, this.#session.own((context) => commands[name](context, undefined))],
        ...(words[name] === undefined
          ? []
          : [
              [
                `spillway:${name}:${words[name]}:run`,
                this.#session.own((context) => commands[name](context, words[name])),
              ],
            ]),
      ]),
    ) as Hooks
  }
}

const wordsOf = (serverless: Serverless): CommandWords =>
  Object.fromEntries(
    ID_COMMANDS.flatMap((name) => {
      const word = wordAfter(serverless, ['spillway', name])
      return word === undefined ? [] : [[name, word]]
    }),
  )

export = SpillwayPlugin
