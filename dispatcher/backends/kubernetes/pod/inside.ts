/** Where a worker finds its things inside the container. Beside them there is the kit, see `KIT_DIRECTORY`. */
export const INSIDE = Object.freeze({
  /** Anybody may write here; what stands below shares one limit. HOME of a user whom the image does not know. */
  own: '/mnt/spillway',
  scratch: '/mnt/spillway/scratch',
  files: '/mnt/spillway/files',
  temporary: '/tmp',
})

/** Name of the container that runs the user's image. */
export const MAIN_CONTAINER = 'worker'

/** Key of the Secret that holds a start token. */
export const START_TOKEN_KEY = 'start-token'
