/** The first Ctrl-C, SIGTERM or closed terminal stops gracefully; a second one is left to the system. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => controller.abort())
  return controller.signal
}
