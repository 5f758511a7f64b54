import {
  changeOperator,
  createOwnerLink,
  createPasswordLink,
  inviteOperator,
  listOperators,
  type Database,
  type Operator,
  type OperatorLink,
} from '@paxyo/database'
import { operatorNameSchema } from '@paxyo/panel-client'
import { moneySchema } from '@paxyo/contracts'
import type { Kysely } from 'kysely'
import { commandLineActor } from '../audit-log/command-line-entry.ts'
import type { Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { printable } from '../output/printable.ts'
import { table } from '../output/table.ts'
import { withOwnerDatabase } from '../with-owner-database.ts'

export interface InviteOptions {
  readonly role: string
  readonly refundLimit?: string
  readonly url: string
}

/** Prints a link with which a person becomes an owner. */
export async function createOwner(cli: Cli, { url }: { readonly url: string }): Promise<void> {
  printLink(cli, url, await withOwnerDatabase(cli, (db) => createOwnerLink(db, commandLineActor())))
}

export async function printOperators(cli: Cli): Promise<void> {
  const operators = await withOwnerDatabase(cli, listOperators)
  const headings = ['id', 'name', 'role', 'refunds in 24 h', 'state', 'codes', 'last seen']
  cli.print(operators, () =>
    operators.length === 0
      ? 'No operators. Create the first owner: paxyo console.'
      : table([headings.map((heading) => cli.style('bold', heading)), ...operators.map(toRow)]),
  )
}

const toRow = ({ operatorId, name, role, refundLimit, state, hasTotp, lastSeenAt }: Operator): string[] => [
  operatorId,
  printable(name),
  role,
  refundLimit ?? '',
  state,
  hasTotp ? 'yes' : 'no',
  lastSeenAt?.toISOString() ?? 'never',
]

export async function invite(cli: Cli, name: string, { role, refundLimit, url }: InviteOptions): Promise<void> {
  if (!operatorNameSchema.safeParse(name).success) throw new Failure('usage', 'a name is 1 to 60 printable characters')
  if ((role === 'support') !== (refundLimit !== undefined)) {
    throw new Failure('usage', '--refund-limit is required for the role support, and for no other role')
  }
  if (refundLimit !== undefined && !moneySchema.safeParse(refundLimit).success) {
    throw new Failure('usage', '--refund-limit is a decimal number such as 50')
  }
  const given = { name, role, refundLimit: refundLimit ?? null }
  const invited = await withOwnerDatabase(cli, (db) => inviteOperator(db, given, commandLineActor()))
  if (typeof invited === 'string') throw new Failure('rejected', 'an operator has this name already')
  printLink(cli, url, invited.link)
}

export async function createLink(cli: Cli, named: string, { url }: { readonly url: string }): Promise<void> {
  const link = await withOwnerDatabase(cli, async (db) =>
    createPasswordLink(db, await findOperator(db, named), commandLineActor()),
  )
  if (typeof link === 'string') throw new Failure('not_found', 'no such operator')
  printLink(cli, url, link)
}

export async function disable(cli: Cli, named: string): Promise<void> {
  const changed = await withOwnerDatabase(cli, async (db) =>
    changeOperator(db, await findOperator(db, named), { isDisabled: true }, commandLineActor()),
  )
  if (changed === 'last_owner') throw new Failure('rejected', 'one owner must remain who can sign in')
  if (typeof changed === 'string') throw new Failure('not_found', 'no such operator')
  cli.print(changed, () => `${printable(changed.name)} is disabled, and signed out.`)
}

/** By id, or by name without regard to case. */
async function findOperator(db: Kysely<Database>, named: string): Promise<string> {
  const operators = await listOperators(db)
  const wanted = named.toLowerCase()
  const found = operators.find(({ operatorId, name }) => operatorId === named || name.toLowerCase() === wanted)
  return found?.operatorId ?? named
}

function printLink(cli: Cli, url: string, { token, expiresAt }: OperatorLink): void {
  const link = `${url.endsWith('/') ? url : `${url}/`}console/#link=${token}`
  cli.print({ link, expiresAt }, () => link)
  if (!cli.asJson) cli.err(`For one use, until ${expiresAt.toISOString()}. It signs in any person that has it.\n`)
}
