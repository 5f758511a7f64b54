/**
 * The address with which a person chooses a password, once. The token is in the fragment, which no server and no proxy logs.
 *
 * @param name of the operator who was invited; the first owner chooses one.
 * @example
 * linkAddress('https://panel.example', { token: 'abc', name: 'Bob' }) //=> 'https://panel.example/console/link?name=Bob#abc'
 */
export function linkAddress(
  origin: string,
  { token, name }: { readonly token: string; readonly name?: string },
): string {
  const query = name === undefined ? '' : `?${new URLSearchParams({ name }).toString()}`
  return `${origin}/console/link${query}#${token}`
}
