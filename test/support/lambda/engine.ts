/** What runs a sandbox: a process on this machine, or a container as Lambda has it. */

export interface LambdaFunction {
  name: string
  /** MB */
  memorySize: number
  /** seconds */
  timeout: number
  /** MB of /tmp */
  ephemeralStorageSize: number
  /** The function's own variables, as a template sets them. */
  environment: Record<string, string>
  reservedConcurrency?: number
  /** Unpacked; for engines that run images. */
  image?: LambdaImage
}

export interface LambdaImage {
  /** Directory with its files. */
  root: string
  /** What runs: the EntryPoint and Command of the function's configuration. */
  command: readonly string[]
  /** ENV */
  environment: Record<string, string>
}

export interface SandboxProcess {
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** Ends all of it. */
  kill(): Promise<void>
  /** MB that it used at most; 0 where that is not known. */
  peakMegabytes(): number
}

export interface SandboxStart {
  function: LambdaFunction
  /** What Lambda sets, and the function's own. */
  environment: Record<string, string>
  onOutput(text: string): void
}

export interface Engine {
  /** Address under which its sandboxes reach this process. */
  readonly host: string
  start(sandbox: SandboxStart): Promise<SandboxProcess>
  close(): Promise<void>
}
