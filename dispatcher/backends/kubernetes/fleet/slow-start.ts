/** How many workers may be on their way up at once. Pure. */

/** That many at once are started whatever the cluster does with them. */
const AT_ONCE_MIN = 4

/**
 * As many again as are up, but no fewer than a few: a burst of short work does not flood the cluster with pods that come
 * too late for it, and a full cluster gets no more of them.
 */
export const mayStart = ({ up, starting }: { up: number; starting: number }): number =>
  Math.max(0, Math.max(AT_ONCE_MIN, up) - starting)
