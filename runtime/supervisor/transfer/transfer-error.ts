/** Why a file could not be moved, and whether another try may help. */
export type TransferFault = 'missing' | 'too-large' | 'refused' | 'interrupted'

export class TransferError extends Error {
  override readonly name = 'TransferError'
  constructor(
    readonly fault: TransferFault,
    message: string,
  ) {
    super(message)
  }
}
