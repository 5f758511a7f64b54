import { expect, test } from '@jest/globals'
import { ARCHIVE_VARIABLES, archiveProblems } from '../src/archive-config.ts'
import { settings, type Environment } from '../src/settings.ts'

const S3 = {
  ARCHIVE_S3_BUCKET: 'paxyo',
  ARCHIVE_S3_REGION: 'eu-central-1',
  ARCHIVE_S3_ACCESS_KEY_ID: 'a-key',
  ARCHIVE_S3_SECRET_ACCESS_KEY: 'a-secret',
}
const problemsOf = async (env: Environment): Promise<readonly string[]> => {
  try {
    await settings(env, ARCHIVE_VARIABLES, archiveProblems)
    return []
  } catch (error) {
    return (error as { problems: readonly string[] }).problems
  }
}

test.each<Environment>([
  {},
  { ARCHIVE_DIR: '/mnt/archive' },
  // As docker compose passes them.
  { ARCHIVE_DIR: '/archive', ARCHIVE_S3_BUCKET: '', ARCHIVE_S3_ACCESS_KEY_ID: 'unused' },
  S3,
  { ...S3, ARCHIVE_S3_PREFIX: 'panel/archive/' },
])('%j is valid', async (env) => {
  expect(await problemsOf(env)).toEqual([])
})

test.each([
  'https://s3.example.com',
  'http://127.0.0.1:9000',
  'http://[::1]:9000',
  'http://10.0.0.7:9000',
  'http://minio:9000',
  'http://minio.storage.svc:9000',
])('the endpoint %s is valid, without a region', async (ARCHIVE_S3_ENDPOINT) => {
  expect(await problemsOf({ ...S3, ARCHIVE_S3_REGION: '', ARCHIVE_S3_ENDPOINT })).toEqual([])
})

test('all problems are listed at once, each with what to set', async () => {
  expect(
    await problemsOf({ ARCHIVE_DIR: '/mnt/archive', ARCHIVE_S3_BUCKET: 'Paxyo', ARCHIVE_S3_PREFIX: '/a' }),
  ).toEqual([
    'ARCHIVE_S3_BUCKET: must be a bucket: 3 to 63 lowercase letters, digits, and . -',
    'ARCHIVE_S3_PREFIX: must be names of letters, digits, and . _ -, separated by /',
    'ARCHIVE_DIR: set either it or ARCHIVE_S3_BUCKET',
    'ARCHIVE_S3_ACCESS_KEY_ID: is required with ARCHIVE_S3_BUCKET; set it, or ARCHIVE_S3_ACCESS_KEY_ID_FILE to a file with it',
    'ARCHIVE_S3_SECRET_ACCESS_KEY: is required with ARCHIVE_S3_BUCKET; set it, or ARCHIVE_S3_SECRET_ACCESS_KEY_FILE to a file with it',
    'ARCHIVE_S3_REGION: is required for Amazon S3; for another store set ARCHIVE_S3_ENDPOINT',
  ])
  expect(await problemsOf({ ARCHIVE_S3_REGION: 'eu-central-1' })).toEqual([
    'ARCHIVE_S3_BUCKET: is required with ARCHIVE_S3_REGION',
  ])
})

test.each([
  ['http://s3.example.com', 'must begin with https://'],
  ['http://203.0.113.7:9000', 'must begin with https://'],
  ['https://key:secret@s3.example.com', 'must have no user, path or query'],
  ['https://s3.example.com/paxyo', 'must have no user, path or query'],
  ['s3.example.com', 'must be an address'],
])('the endpoint %s %s', async (ARCHIVE_S3_ENDPOINT, problem) => {
  const problems = await problemsOf({ ...S3, ARCHIVE_S3_ENDPOINT })
  expect(problems).toEqual([expect.stringContaining(`ARCHIVE_S3_ENDPOINT: ${problem}`)])
  expect(problems[0]).not.toContain('secret')
})
