/** Which back-ends are paid by use. */
import { PUBLIC_BACKENDS, type BackendName } from '../../runtime/contract/function-spec.js'

export const isPublic = (backend: BackendName): boolean => PUBLIC_BACKENDS.includes(backend)
