import { action } from '../cli.ts'
import { Failure } from '../failure.ts'
import type { AddCommand } from '../add-command.ts'
import { parseDurationS, settings, type Environment } from '../settings.ts'

const EXPIRES_IN_MAX_S = 86_400

interface MintOptions {
  readonly user: string
  readonly expiresIn: string
}

export const addToken: AddCommand = (program, terminal, finished) => {
  const token = program.command('token').description("a user's browser token")
  token
    .command('mint')
    .description('sign a token with the first of JWT_SECRETS')
    .requiredOption('-u, --user <userId>', 'the user whose events the token gives access to')
    .option('-e, --expires-in <duration>', 'its lifetime: 90s, 15m, 12h; at most a day', '5m')
    .action(
      action(terminal, finished, async (cli, { user, expiresIn }: MintOptions) => {
        const { identifierSchema } = await import('@paxyo/contracts')
        const userId = identifierSchema.safeParse(user)
        if (!userId.success) throw new Failure('usage', 'a user id is 1 to 128 printable characters')
        const expiresInS = parseDurationS(expiresIn)
        if (expiresInS > EXPIRES_IN_MAX_S) throw new Failure('usage', 'a token is valid for at most a day')
        const minted = await mint(cli.env, userId.data, expiresInS)
        cli.print(minted, () => minted.token)
      }),
    )
}

async function mint(env: Environment, userId: string, expiresInS: number) {
  const { JWT_SECRETS: secrets, JWT_AUDIENCE: audience } = await settings(env, ['JWT_SECRETS', 'JWT_AUDIENCE'])
  const { SignJWT } = await import('jose')
  const issuedAtS = Math.floor(Date.now() / 1000)
  const token = await new SignJWT()
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(userId)
    .setAudience(audience)
    .setIssuedAt(issuedAtS)
    .setExpirationTime(issuedAtS + expiresInS)
    .sign(new TextEncoder().encode(secrets[0]))
  return { token, userId, expiresAt: new Date((issuedAtS + expiresInS) * 1000).toISOString() }
}
