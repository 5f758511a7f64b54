import { expect, test } from '@jest/globals'
import { describeViolation, findBannedWords } from '../find-banned-words.ts'
import { findInRepository } from '../repository.ts'

const found = (text: string, path = 'packages/a/src/b.ts'): string[] =>
  findBannedWords(path, text).map((violation) => violation.text)

test('the repository has no banned word', () => {
  expect(findInRepository(['']).map(describeViolation)).toEqual([])
})

test.each([
  ['The gateway answers 401.', 'answers'],
  ['const refusalOf = 1', 'refusal'],
  ['const httpRefused = 1', 'Refused'],
  ['const HTTPRefused = 1', 'Refused'],
  ['UPGRADES_REFUSED', 'REFUSED'],
  ['paxyo_gateway_upgrades_refused_total', 'refused'],
  ['create table panel_webhooks', 'panel_webhooks'],
  ['GET /v1/panel-webhooks', 'panel-webhooks'],
  ['new PanelWebhook()', 'PanelWebhook'],
  ['a webhook\n * to the panel', 'webhook * to the panel'],
  ['// it is tried\n  // again', 'tried // again'],
  ['dropIn()', 'dropIn'],
  ['CONFIRM_MONEY=on', 'CONFIRM'],
  ['so who keeps the cursor gets it once', 'who keeps'],
  ['What was answered 200 is stored.', 'answered'],
  ['What was stored is sent.', 'What was stored is sent'],
  ['Who reads too slowly is closed.', 'Who reads too slowly is closed'],
])('%j holds a banned word', (text, word) => {
  expect(found(text)).toContain(word)
})

test.each([
  'A request without a key is rejected.',
  'connect ECONNREFUSED 127.0.0.1:5432, connection refused',
  'planes, explanes, lanets, probably, probability, recommend, amended, notebooks, fulfill',
  'a drop in throughput',
  'livenessProbe: {}',
  'array.fill(0)',
  'Who is online? What is it, and where is it?',
  '"quantity": 1000, "service": "Instagram followers"',
])('%j holds none', (text) => {
  expect(found(text)).toEqual([])
})

test('a word is found in the name of a file, and only where it is banned', () => {
  expect(found('', 'infra/mutation/mutants.ts')).toEqual(['mutants'])
  expect(found('follower', 'services/ws-gateway/src/stream/hub.ts')).toEqual(['follower'])
  expect(found('follower')).toEqual([])
})

test('titles of tests keep their voice, and nothing else of a test does', () => {
  const source = `test.each([1])('nobody is told %i', () => {\n  // told\n})\ndescribe("whoever", () => {})`
  expect(found(source, 'packages/a/test/b.test.ts')).toEqual(['told'])
})

test('a message says where, what, and what instead', () => {
  expect(findBannedWords('a/b.md', 'x\nnobody').map(describeViolation)).toEqual([
    'a/b.md:2: "nobody" → no client, no process, no user',
  ])
})
