/** The digest of an image's tag, such as `sha256:…`. */
export type DigestOf = (image: string, tag: string) => Promise<string>

/**
 * An image of others in a compose file, a Dockerfile or a workflow: `image: postgres:18`, `${REDIS_IMAGE:-redis:8}`,
 * `ARG NODE_IMAGE=node:24-slim`, `container: node:24`. Ours have no registry here.
 */
const IMAGE =
  /^(\s*(?:image|container): (?:\$\{\w+:-)?|ARG \w+_IMAGE=)(?!paxyo\/)([a-z][a-z0-9./-]*):([\w.-]+)(?:@sha256:[0-9a-f]{64})?/gm

/** Replaces the digests of all images, or adds them. The tags stay: they say what the digest is. */
export async function pinImages(text: string, digestOf: DigestOf): Promise<{ text: string; images: string[] }> {
  const digests = new Map<string, string>()
  for (const [, , image, tag] of text.matchAll(IMAGE)) {
    const key = `${image}:${tag}`
    if (!digests.has(key)) digests.set(key, await digestOf(image!, tag!))
  }
  const pinned = text.replace(
    IMAGE,
    (_all, start: string, image: string, tag: string) => `${start}${image}:${tag}@${digests.get(`${image}:${tag}`)}`,
  )
  return { text: pinned, images: [...digests].map(([image, digest]) => `${image}@${digest}`) }
}
