import { expect, test } from '@jest/globals'
import { PUBLISHED, readManifest } from '../manifest.ts'
import { publishArguments } from '../publish-arguments.ts'

const aPackage = { name: '@paxyo/browser-client', version: '1.2.0' }

test('the tag of a version publishes it with its provenance', () => {
  expect(publishArguments(aPackage, 'v1.2.0')).toEqual(['--access', 'public', '--tag', 'latest', '--provenance'])
})

test('a version before a release is not installed by default', () => {
  expect(publishArguments({ ...aPackage, version: '2.0.0-beta.1' }, 'v2.0.0-beta.1')).toContain('next')
})

test('without a tag nothing is published', () => {
  expect(publishArguments(aPackage, '')).toEqual(['--access', 'public', '--tag', 'latest', '--dry-run'])
})

test("another version's tag is an error", () => {
  expect(() => publishArguments(aPackage, 'v1.2.1')).toThrow(
    'The tag is v1.2.1, and the version of @paxyo/browser-client is 1.2.0.',
  )
})

test('all packages have one version, so one tag publishes them', () => {
  expect(new Set(PUBLISHED.map((name) => readManifest(name).version)).size).toBe(1)
})
