/**
 * The arguments of `npm publish`. Versions such as 1.0.0-beta.1 get the tag `next`, so that npm does not install them by default.
 *
 * @param tag the git tag; empty to publish nothing.
 * @throws Error when the tag is not that of the package's version.
 */
export function publishArguments({ name, version }: { name: string; version: string }, tag: string): string[] {
  const common = ['--access', 'public', '--tag', version.includes('-') ? 'next' : 'latest']
  if (tag === '') return [...common, '--dry-run']
  if (tag !== `v${version}`) throw new Error(`The tag is ${tag}, and the version of ${name} is ${version}.`)
  return [...common, '--provenance']
}
