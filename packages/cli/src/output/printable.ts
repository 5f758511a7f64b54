/**
 * Text from outside (a link, a service's name) without the characters that control a terminal: control characters, and
 * those that change the direction of writing.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�')
}
