/**
 * Text from outside (a link, a service's name) without what a terminal would obey: control characters, and those that
 * turn the direction of writing.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�')
}
