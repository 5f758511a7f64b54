import type { DigestOf } from './pin-image.ts'

const DEFAULT_REGISTRY = 'registry-1.docker.io'
/** The index of all platforms comes first: a digest of one platform would not run on another. */
const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
].join(', ')
const TIMEOUT_MS = 30_000
const DIGEST = /^sha256:[0-9a-f]{64}$/

/**
 * Reads digests over the registries' HTTP API, without logging in.
 *
 * @param registryUrl in place of every image's own registry.
 * @throws Error when a registry does not respond with a digest.
 */
export function createDigestReader(registryUrl?: string): DigestOf {
  return async (image, tag) => {
    const { host, name } = placeOf(image)
    const url = `${registryUrl ?? `https://${host}`}/v2/${name}/manifests/${tag}`
    const response = await head(url)
    const authorized = response.status === 401 ? await head(url, await anonymousToken(response)) : response
    const digest = authorized.headers.get('docker-content-digest') ?? ''
    if (authorized.ok && DIGEST.test(digest)) return digest
    throw new Error(`${image}:${tag}: the registry responded with ${authorized.status} and no digest`)
  }
}

function placeOf(image: string): { host: string; name: string } {
  const [first = '', ...rest] = image.split('/')
  if (rest.length > 0 && first.includes('.')) return { host: first, name: rest.join('/') }
  return { host: DEFAULT_REGISTRY, name: rest.length === 0 ? `library/${image}` : image }
}

const head = (url: string, token?: string): Promise<Response> =>
  fetch(url, {
    method: 'HEAD',
    headers: { accept: ACCEPT, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })

/** A registry says in its 401 where to get a token, which needs no account for public images. */
async function anonymousToken(response: Response): Promise<string> {
  const challenge = response.headers.get('www-authenticate') ?? ''
  const fields = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]),
  )
  const { realm, ...query } = fields
  if (realm === undefined) throw new Error('the registry requires a login')
  const granted = await fetch(`${realm}?${new URLSearchParams(query)}`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
  return ((await granted.json()) as { readonly token: string }).token
}
