/** Labels begin and end with a letter or a digit; between them are hyphens, or one full stop. A port may follow. */
export const HOST_PATTERN = /^[a-z0-9]+(?:(?:-+|\.)[a-z0-9]+)*(?::\d{1,5})?$/

/**
 * The public host without its port.
 *
 * @example
 * hostName({ host: 'rt.example.com:8443' }) //=> 'rt.example.com'
 */
export const hostName = ({ host }: { readonly host: string }): string => host.split(':')[0]!
/**
 * The port of the public host; 443 if it names none.
 *
 * @example
 * publicPort({ host: 'rt.example.com:8443' }) //=> 8443
 */
export const publicPort = ({ host }: { readonly host: string }): number => Number(host.split(':')[1] ?? 443)
/**
 * The public host as an origin: the usual port is left out.
 *
 * @example
 * publicUrl({ host: 'rt.example.com:443' }) //=> 'https://rt.example.com'
 */
export const publicUrl = ({ host }: { readonly host: string }): string => `https://${host.replace(/:443$/, '')}`
