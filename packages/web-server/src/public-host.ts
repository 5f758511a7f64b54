/** Labels begin and end with a letter or a digit; between them are hyphens, or one full stop. A port may follow. */
export const HOST_PATTERN = /^[a-z0-9]+(?:(?:-+|\.)[a-z0-9]+)*(?::\d{1,5})?$/

/** The public host without its port. */
export const hostName = ({ host }: { readonly host: string }): string => host.split(':')[0]!
export const publicPort = ({ host }: { readonly host: string }): number => Number(host.split(':')[1] ?? 443)
/** As an origin: the usual port is left out. */
export const publicUrl = ({ host }: { readonly host: string }): string => `https://${host.replace(/:443$/, '')}`
