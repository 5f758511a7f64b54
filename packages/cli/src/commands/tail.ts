import { action } from '../cli.ts'
import type { AddCommand } from '../program.ts'
import { settings } from '../settings.ts'
import { renderEvent } from '../tail/render-event.ts'

export const addTail: AddCommand = (program, terminal, finished) => {
  program
    .command('tail')
    .description('follow events as they are published (REDIS_URL, CHANNEL_PREFIX), until Ctrl-C')
    .option('-u, --user <userId>', "this user's events only")
    .addHelpText('after', '\nIt only listens: what was published before, or while it was away, is not shown.')
    .action(
      action(terminal, finished, async (cli, { user }: { user?: string }) => {
        const { REDIS_URL, CHANNEL_PREFIX } = await settings(cli.env, ['REDIS_URL', 'CHANNEL_PREFIX'])
        const { followEvents } = await import('../tail/follow-events.ts')
        await followEvents({
          redisUrl: REDIS_URL,
          channelPrefix: CHANNEL_PREFIX,
          userId: user,
          signal: cli.signal,
          onFollowing: () => cli.err(`following ${user ?? 'everybody'}\n`),
          onEvent: (userId, event) => cli.print({ userId, ...event }, () => renderEvent(userId, event, cli)),
        })
      }),
    )
}
