/** Who knows how to sign in to a registry. */

export type Credentials =
  | { username: string; password: string }
  /** A refresh token, exchanged for access tokens: https://distribution.github.io/distribution/spec/auth/oauth/ */
  | { identityToken: string }

export interface CredentialProvider {
  /** Undefined when it knows nothing of that registry. */
  credentialsFor(registry: string, signal?: AbortSignal): Promise<Credentials | undefined>
  /** Makes the repository where a registry wants that done before the first push; called before every new image. */
  prepareRepository?(registry: string, repository: string, signal?: AbortSignal): Promise<void>
}
