import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'
import { redisSettings } from '../settings.ts'
import { renderEvent } from '../tail/render-event.ts'

export const addTail: AddCommand = (program, terminal, finished) => {
  program
    .command('tail')
    .description(
      'follow events as they are published (REDIS_URL, REDIS_TOPOLOGY, CHANNEL_PREFIX, REDIS_MESSAGE_KEYS), until Ctrl-C',
    )
    .option('-u, --user <userId>', "only this user's events")
    .addHelpText(
      'after',
      '\nShows events from now on: not those published earlier or during a disconnect. A cluster requires --user.',
    )
    .action(
      action(terminal, finished, async (cli, { user }: { user?: string }) => {
        const redis = await redisSettings(cli.env)
        const { followEvents } = await import('../tail/follow-events.ts')
        await followEvents({
          redis,
          channelPrefix: redis.channelPrefix,
          messageKeys: redis.messageKeys,
          userId: user,
          signal: cli.signal,
          onFollowing: () => cli.err(`following ${user ?? 'all users'}\n`),
          onEvent: (userId, event) => cli.print({ userId, ...event }, () => renderEvent(userId, event, cli)),
        })
      }),
    )
}
