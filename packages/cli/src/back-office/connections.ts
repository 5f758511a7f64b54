import type { DisconnectedUser, TokenRevocation, UserConnections } from '@paxyo/panel-client'
import { withPanelApi } from '../api/with-panel-api.ts'
import type { Cli } from '../cli.ts'
import { printable } from '../output/printable.ts'
import { table } from '../output/table.ts'

export async function countConnections(cli: Cli): Promise<void> {
  const counts = await withPanelApi(cli, (api) => api.connections.count())
  cli.print(counts, () =>
    [
      `${counts.users} users online, ${counts.connections} connections, ${counts.gateways.length} gateways`,
      table(
        counts.gateways.map(({ gatewayId, users, connections, version }) => [
          `  ${printable(gatewayId)}`,
          `${users} users`,
          `${connections} connections`,
          version === null ? '' : `version ${printable(version)}`,
        ]),
      ),
    ]
      .filter((part) => part !== '')
      .join('\n'),
  )
}

export async function listConnections(cli: Cli, userId: string): Promise<void> {
  const result = await withPanelApi(cli, (api) => api.users.connections(userId))
  cli.print(result, () => renderConnections(result))
}

function renderConnections({ userId, connections, seq, seen, gateways }: UserConnections): string {
  return [
    `${printable(userId)}: ${connections.length} connections; stream at ${seq}${seen === null ? '' : `, seen up to ${seen.seq} ${seen.at}`}`,
    table(
      connections.map((one) => [
        `  since ${one.openedAt}`,
        printable(one.browser ?? one.userAgent ?? 'unknown browser'),
        one.transport,
        `sent ${one.sentSeq ?? '-'}`,
        `seen ${one.seenSeq ?? '-'}`,
        `lag ${one.lag}`,
        printable(one.gatewayId),
      ]),
    ),
    responded(gateways),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

export async function disconnectUser(cli: Cli, userId: string): Promise<void> {
  const result = await withPanelApi(cli, (api) => api.users.disconnect(userId))
  cli.print(result, () => `${printable(userId)} is disconnected. ${closed(result)}`)
}

export async function revokeTokens(cli: Cli, userId: string): Promise<void> {
  const result = await withPanelApi(cli, (api) => api.users.revokeTokens(userId))
  cli.print(
    result,
    () => `Tokens of ${printable(userId)} issued before ${result.tokensIssuedBefore} are revoked. ${closed(result)}`,
  )
}

export async function revokeToken(cli: Cli, token: TokenRevocation): Promise<void> {
  const result = await withPanelApi(cli, (api) => api.tokens.revoke(token))
  cli.print(
    result,
    () => `The token ${printable(result.jti)} of ${printable(result.userId)} is revoked. ${closed(result)}`,
  )
}

function closed({ closed: count, gateways }: Pick<DisconnectedUser, 'closed' | 'gateways'>): string {
  if (count === null || gateways === null) {
    return 'The event bus is not available: the gateways close the connections within a second, and do not report it.'
  }
  return [`${count} connections closed.`, responded(gateways)].filter((part) => part !== '').join(' ')
}

/** Nothing when the result is complete. */
function responded({ known, responded: count }: { readonly known: number; readonly responded: number }): string {
  return count === known ? '' : `Only ${count} of ${known} gateways responded: the result is not complete.`
}
