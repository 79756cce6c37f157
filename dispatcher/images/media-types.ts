/**
 * The two families of types; a manifest and what it points to are of one of them.
 * https://github.com/opencontainers/image-spec/blob/main/media-types.md
 * https://distribution.github.io/distribution/spec/manifest-v2-2/
 */

const OCI = 'application/vnd.oci.image'
const DOCKER = 'application/vnd.docker'

export const MEDIA_TYPES = Object.freeze({
  ociManifest: `${OCI}.manifest.v1+json`,
  ociIndex: `${OCI}.index.v1+json`,
  ociConfig: `${OCI}.config.v1+json`,
  ociLayer: `${OCI}.layer.v1.tar+gzip`,
  dockerManifest: `${DOCKER}.distribution.manifest.v2+json`,
  dockerIndex: `${DOCKER}.distribution.manifest.list.v2+json`,
  dockerLayer: `${DOCKER}.image.rootfs.diff.tar.gzip`,
})

const { ociManifest, ociIndex, ociLayer, dockerManifest, dockerIndex, dockerLayer } = MEDIA_TYPES

/** All that a registry may answer with. */
export const ACCEPTED = [ociManifest, ociIndex, dockerManifest, dockerIndex].join(', ')

export const isManifest = (type: string): boolean => type === ociManifest || type === dockerManifest
export const isIndex = (type: string): boolean => type === ociIndex || type === dockerIndex

/** Of a layer of ours in an image with such a manifest. */
export const layerTypeFor = (manifestType: string): string => (manifestType === dockerManifest ? dockerLayer : ociLayer)

/** Its content may not be pushed to other registries; whoever runs the image gets it from where the manifest says. */
export const isForeignLayer = (type: string): boolean => /\.foreign\.|\.nondistributable\./.test(type)
