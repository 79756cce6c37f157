/** All commands of `spillway`, in the order of its help. */
import type { Command } from './command.js'
import { historyExport } from './history-export.js'
import { imageKit } from './image-kit.js'
import { imagePush } from './image-push.js'
import { install } from './install.js'
import { simulate } from './simulate.js'
import { serve } from './serve.js'
import { uninstall } from './uninstall.js'

export const COMMANDS: readonly Command[] = [serve, imagePush, imageKit, install, uninstall, historyExport, simulate]
