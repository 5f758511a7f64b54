import { expect, test } from '@jest/globals'
import { mintToken } from '@paxyo/testkit'
import { startGateway } from '../gateway-fixture.ts'

const HELLO_TIMEOUT_MS = 1_000
/** Longer than the interval between two checks of the deadlines. */
const BUSY_MS = 2_500

test('a hello that came in time counts, though the gateway was too busy to read it', async () => {
  await using gateway = await startGateway({ limits: { helloTimeoutMs: HELLO_TIMEOUT_MS } })
  const token = await mintToken('patient')
  const client = await gateway.open()
  client.send({ type: 'hello', token })
  // Stands still without using the processor.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_MS)

  expect(await client.next('welcome')).toMatchObject({ userId: 'patient' })
})
