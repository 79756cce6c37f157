/** What the router decides, in the words in which it is answered. */
import { decide as decideBriefly } from '../../dispatcher/router/decide.js'
import type { Situation, Work } from '../../dispatcher/router/situation.js'
import { inWords } from '../../runtime/contract/decision-words.js'

export const decide = (work: Work, situation: Situation) => inWords(decideBriefly(work, situation))
