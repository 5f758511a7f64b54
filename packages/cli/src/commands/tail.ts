import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'
import { redisSettings } from '../settings.ts'
import { renderEvent } from '../tail/render-event.ts'

export const addTail: AddCommand = (program, terminal, finished) => {
  program
    .command('tail')
    .description('follow events as they are published (REDIS_URL, REDIS_TOPOLOGY, CHANNEL_PREFIX), until Ctrl-C')
    .option('-u, --user <userId>', "this user's events only")
    .addHelpText(
      'after',
      '\nIt only listens: what was published before, or while it was away, is not shown. In a cluster it needs --user.',
    )
    .action(
      action(terminal, finished, async (cli, { user }: { user?: string }) => {
        const redis = await redisSettings(cli.env)
        const { followEvents } = await import('../tail/follow-events.ts')
        await followEvents({
          redis,
          channelPrefix: redis.channelPrefix,
          userId: user,
          signal: cli.signal,
          onFollowing: () => cli.err(`following ${user ?? 'everybody'}\n`),
          onEvent: (userId, event) => cli.print({ userId, ...event }, () => renderEvent(userId, event, cli)),
        })
      }),
    )
}
