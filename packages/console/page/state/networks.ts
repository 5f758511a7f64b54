const IPV4 = /^(?:\d{1,3}\.){3}\d{1,3}(?:\/(?:[12]?\d|3[0-2]))?$/
/** What is left is the server's to check. */
const IPV6 = /^(?=[^/]*:[^/]*:)[\da-f:.]{2,45}(?:\/\d{1,3})?$/i

/** The networks that a person typed, separated by commas, spaces or lines; undefined when one of them is none. */
export function readNetworks(text: string): readonly string[] | undefined {
  const networks = text.split(/[\s,]+/).filter((network) => network !== '')
  return networks.every((network) => IPV4.test(network) || IPV6.test(network)) ? networks : undefined
}
