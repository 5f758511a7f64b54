/** The entries of the runbook by their alert. */
export function entriesOf(runbook: string): Map<string, string> {
  const sections = runbook.split(/^(?=#{2,3} )/m)
  return new Map(sections.map((section) => [section.slice(0, section.indexOf('\n')).replace(/^#+ /, ''), section]))
}

/** Whether an entry says these words, wherever its lines end. */
export function quotes(entry: string | undefined, words: string): boolean {
  return entry?.replaceAll(/\s+/g, ' ').includes(words) ?? false
}
