/**
 * Pins the images of others to digests: `npm run images:pin`. It asks the registry of each image for the digest of its tag,
 * and writes `image:tag@sha256:…` into the files below. Run it again to update them; `docker compose pull` needs no tag then.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { createDigestReader } from './read-digest.ts'
import { pinImages } from './pin-image.ts'

const ROOT = new URL('../../../', import.meta.url)
const FILES = [
  'docker-compose.yml',
  'infra/deploy/compose/Dockerfile',
  'infra/deploy/compose/ha.yml',
  'infra/deploy/compose/patroni/Dockerfile',
  '.github/workflows/ci.yml',
  '.github/workflows/nightly.yml',
  '.github/workflows/release.yml',
]

const digestOf = createDigestReader()
for (const file of FILES) {
  const path = new URL(file, ROOT)
  const text = readFileSync(path, 'utf8')
  const { text: pinned, images } = await pinImages(text, digestOf)
  for (const image of images) console.log(`${file}: ${image}`)
  if (pinned !== text) writeFileSync(path, pinned)
}
