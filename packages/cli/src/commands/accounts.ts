import { ACCOUNT_FIELDS } from '../import/fields.ts'
import type { AddCommand } from '../add-command.ts'
import { addImport } from './add-import.ts'

export const addAccounts: AddCommand = (program, terminal, finished) => {
  const accounts = program.command('accounts').description("users' accounts from another system")
  const load = async () => (await import('../import/import-kinds.ts')).ACCOUNTS
  addImport(accounts, { things: 'accounts', fields: ACCOUNT_FIELDS, load }, terminal, finished)
}
