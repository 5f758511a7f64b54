import type { Command } from 'commander'
import type { Finished } from './cli.ts'
import type { Terminal } from './terminal.ts'

/** Adds a command, or a group of them, to the tree. */
export type AddCommand = (program: Command, terminal: Terminal, finished: Finished) => void
