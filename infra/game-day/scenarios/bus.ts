import { register } from '../traffic.ts'
import { browser } from './browser.ts'
import { repeating, together, under, type Breakage, type Scenario } from './scenario.ts'

/** Every other event is published by the webhook-ingest that is wrong. */
const REGISTRATIONS = repeating(({ ingests }, index) => {
  const { process } = ingests[index % ingests.length]!
  return register(process!.url, `G-bus-${index}`)
})

/** Breaks by variables of one webhook-ingest that are not those of the other services. */
function configuredWrongly(env: Readonly<Record<string, string>>): Breakage {
  return {
    async break({ ingests }) {
      await ingests[1]!.kill()
      await ingests[1]!.start(env)
    },
    async repair({ ingests }) {
      await ingests[1]!.kill()
      await ingests[1]!.start()
    },
  }
}

/** Events that do not arrive at gateways over Redis, which itself works. */
export const BUS: readonly Scenario[] = [
  {
    what: 'a webhook-ingest has another CHANNEL_PREFIX',
    alert: 'PaxyoBackfills',
    severity: 'ticket',
    ...under(together(browser(), REGISTRATIONS), configuredWrongly({ CHANNEL_PREFIX: 'other:' })),
    runbook: 'give all services the same `CHANNEL_PREFIX`',
  },
  {
    what: 'a webhook-ingest signs with another key',
    alert: 'PaxyoBusMessagesRejected',
    severity: 'page',
    ...under(browser(), configuredWrongly({ REDIS_MESSAGE_KEYS: 'another-key-of-32-bytes-or-more-bytes' })),
    runbook: 'give all of them the same keys',
  },
]
