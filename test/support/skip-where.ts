/** Suites that need what a machine may lack. */

/** Call inside `describe`: where something is lacking, all of its tests are skipped, and it is said why. */
export function skipWhere(lack: () => string | undefined): void {
  before(function () {
    const reason = lack()
    if (reason === undefined) return
    process.stdout.write(`    skipped: ${reason}\n`)
    this.skip()
  })
}
