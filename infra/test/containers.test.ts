import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'

const ROOT = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')
const dockerfile = read('infra/docker/Dockerfile')
const compose = read('docker-compose.yml')

test('the image has the Node and the pnpm that everything is tested with', () => {
  const node = /^ {2}node: ([\d.]+)$/m.exec(read('pnpm-workspace.yaml'))?.[1]
  const pnpm = /pnpm@[\d.]+/.exec(read('infra/scripts/install.mjs'))?.[0]

  expect(/^ARG NODE_VERSION=(.+)$/m.exec(dockerfile)?.[1]).toBe(node)
  expect(/pnpm@[\d.]+/.exec(dockerfile)?.[0]).toBe(pnpm)
})

test('every secret that a container reads is one that compose hands out, from the folder of secrets', () => {
  const declared = [...compose.matchAll(/^ {2}([\w.-]+): \{ file: '(.+)' \}$/gm)]
  const names = declared.map(([, name]) => name!)
  const used = [...compose.matchAll(/\/run\/secrets\/([\w.-]+)/g)].map(([, name]) => name!)

  expect(names.length).toBeGreaterThan(20)
  expect(names).toEqual(expect.arrayContaining([...new Set(used)]))
  for (const [, name, file] of declared) expect(file).toBe(`\${SECRETS_DIR:-./infra/docker/secrets}/${name}`)
})

test('no secret is under version control, and none could be put into an image', () => {
  const included = read('infra/docker/Dockerfile.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))

  expect(read('.gitignore').split('\n')).toContain('infra/docker/secrets/')
  expect(included).toEqual(['!package.json', '!pnpm-lock.yaml', '!pnpm-workspace.yaml', '!packages', '!services'])
})

test('every container of ours is locked down alike', () => {
  const services = compose.slice(compose.indexOf('\nservices:\n'), compose.indexOf('\nnetworks:\n'))
  const blocks = services.split(/^ {2}(?=[\w-]+:$)/m).slice(1)

  expect(blocks.length).toBeGreaterThanOrEqual(7)
  for (const block of blocks) expect(block).toMatch(/<<: \*(?:limits|service)\n/)
  for (const limit of ['read_only: true', 'cap_drop: [ALL]', 'no-new-privileges:true', 'restart:', 'max-size']) {
    expect(compose.slice(0, compose.indexOf('x-service'))).toContain(limit)
  }
  // Only those who speak to people are reachable from outside.
  const published = blocks.filter((block) => /^ {4}ports:/m.test(block)).map((block) => block.split(':')[0])
  expect(published).toEqual(['haproxy', 'provider', 'grafana'])
})
