import { Option } from 'commander'
import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'
import type { InviteOptions } from '../operators/operators.ts'

const load = () => import('../operators/operators.ts')

const URL_OPTION = ['--url <url>', 'the address of the console, without /console', 'http://localhost:8080'] as const

export const addConsole: AddCommand = (program, terminal, finished) => {
  program
    .command('console')
    .description('print a one-time link with which a person becomes an owner of the console (DATABASE_URL)')
    .option(...URL_OPTION)
    .action(
      action(terminal, finished, async (cli, options: { readonly url: string }) =>
        (await load()).createOwner(cli, options),
      ),
    )
}

export const addOperators: AddCommand = (program, terminal, finished) => {
  const operators = program.command('operators').description('the people who use the console (DATABASE_URL)')
  operators
    .command('list')
    .description('list the operators')
    .action(action(terminal, finished, async (cli) => (await load()).printOperators(cli)))
  operators
    .command('invite')
    .description('invite a person; prints the link with which the person chooses a password')
    .argument('<name>')
    .addOption(new Option('--role <role>').choices(['viewer', 'support', 'owner']).default('viewer'))
    .option('--refund-limit <amount>', 'what a support operator may refund in 24 hours')
    .option(...URL_OPTION)
    .action(
      action(terminal, finished, async (cli, options: InviteOptions, name: string) =>
        (await load()).invite(cli, name, options),
      ),
    )
  operators
    .command('link')
    .description('print a link for a new password')
    .argument('<operator>', 'id or name')
    .option(...URL_OPTION)
    .action(
      action(terminal, finished, async (cli, options: { readonly url: string }, named: string) =>
        (await load()).createLink(cli, named, options),
      ),
    )
  operators
    .command('disable')
    .description('end the sessions of an operator, who cannot sign in any more')
    .argument('<operator>', 'id or name')
    .action(action(terminal, finished, async (cli, _options, named: string) => (await load()).disable(cli, named)))
}
