/** Debian packages that the suites against real things need. */
export const DEBIAN_PACKAGES = [
  'chromium',
  // Containers, and what the images of the tests are made of.
  'podman',
  'runc',
  'fuse-overlayfs',
  'slirp4netns',
  'uidmap',
  'busybox-static',
  'gcc',
  'musl-tools',
  'python3',
  'docker-registry',
  // A Kubernetes cluster of one node.
  'containerd',
  'containernetworking-plugins',
  'iproute2',
  'iptables',
  'conntrack',
  'openssl',
  'postgresql',
]
