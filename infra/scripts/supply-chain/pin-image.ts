/** The digest of an image's tag, such as `sha256:…`. */
export type DigestOf = (image: string, tag: string) => Promise<string>

/**
 * An image of others in a compose file or a Dockerfile: `image: postgres:18`, `${REDIS_IMAGE:-redis:8}`,
 * `FROM node:${NODE_VERSION}-bookworm-slim`. Ours have no registry here.
 */
const IMAGE =
  /^(\s*image: (?:\$\{\w+:-)?|FROM )(?!paxyo\/)([a-z][a-z0-9./-]*):((?:[\w.-]|\$\{\w+\})+)(?:@sha256:[0-9a-f]{64})?/gm

/** Replaces the digests of all images, or adds them. The tags stay: they say what the digest is. */
export async function pinImages(text: string, digestOf: DigestOf): Promise<{ text: string; images: string[] }> {
  const values = new Map([...text.matchAll(/^ARG (\w+)=(.+)$/gm)].map(([, name, value]) => [name!, value!]))
  const found = [...text.matchAll(IMAGE)]
  const digests = new Map<string, string>()
  for (const [, , image, tag] of found) {
    const full = tag!.replace(/\$\{(\w+)\}/g, (_all, name: string) => values.get(name) ?? '')
    const key = `${image}:${tag}`
    if (!digests.has(key)) digests.set(key, await digestOf(image!, full))
  }
  const pinned = text.replace(
    IMAGE,
    (_all, start: string, image: string, tag: string) => `${start}${image}:${tag}@${digests.get(`${image}:${tag}`)}`,
  )
  return { text: pinned, images: [...digests].map(([image, digest]) => `${image}@${digest}`) }
}
