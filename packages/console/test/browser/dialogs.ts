import type { Page } from '@paxyo/testkit'
import type pg from 'pg'
import { ar } from '../../page/text/ar.ts'
import { de } from '../../page/text/de.ts'
import { en, type TextKey } from '../../page/text/en.ts'

export type Locale = 'en' | 'de' | 'ar'
const TEXTS: Readonly<Record<Locale, Readonly<Record<TextKey, unknown>>>> = { en, de, ar }

/** A text of the page that does not depend on a count. */
export const textIn = (locale: Locale, key: TextKey): string => TEXTS[locale][key] as string

/** A dialog: its page, and the texts of the buttons that open it, one after the other. */
export interface ConsoleDialog {
  readonly name: string
  readonly path: string
  readonly buttons: readonly TextKey[]
  /** The texts to type into the fields of the dialogs, by the names of the fields. */
  readonly typed?: Readonly<Record<string, string>>
}

/**
 * The dialogs of the console that nothing has to be decided for, except the new secret and the link.
 *
 * @param userId a user who is connected.
 */
export async function dialogsOf(owner: pg.Pool, userId: string): Promise<readonly ConsoleDialog[]> {
  const { rows } = await owner.query<{ review_id: string; reason: string }>(
    'SELECT DISTINCT ON (reason) review_id, reason FROM reviews WHERE resolved_at IS NULL ORDER BY reason, review_id',
  )
  const reviewOf = (reason: string): string => `reviews/${rows.find((row) => row.reason === reason)?.review_id}`
  const { rows: deliveries } = await owner.query<{ delivery_id: string }>(
    `SELECT delivery_id FROM deliveries WHERE outcome = 'applied' ORDER BY received_at DESC LIMIT 1`,
  )
  const { rows: open } = await owner.query<{ order_id: string }>(
    `SELECT order_id FROM orders WHERE is_open ORDER BY charge DESC LIMIT 1`,
  )
  const order = `orders/${open[0]!.order_id}`
  return [
    { name: 'refund', path: order, buttons: ['action.refund'] },
    { name: 'refund-too-much', path: order, buttons: ['action.refund'], typed: { amount: '99999999' } },
    { name: 'set-status', path: order, buttons: ['action.setStatus'] },
    { name: 'cancel', path: order, buttons: ['action.cancelOrder'] },
    { name: 'review-refund', path: reviewOf('order_failed'), buttons: ['action.refund'] },
    { name: 'leave', path: reviewOf('order_failed'), buttons: ['action.leave'] },
    { name: 'map-word', path: reviewOf('unknown_status'), buttons: ['mapWord.open'] },
    { name: 'bulk', path: 'reviews?reason=order_failed', buttons: ['bulk.open'] },
    { name: 'replay', path: `deliveries/${deliveries[0]!.delivery_id}`, buttons: ['action.replay'] },
    { name: 'disconnect', path: `users/${userId}`, buttons: ['user.disconnect'] },
    { name: 'revoke-tokens', path: `users/${userId}`, buttons: ['user.revoke'] },
    { name: 'disable-endpoint', path: 'webhooks', buttons: ['webhooks.disable'] },
    { name: 'new-secret', path: 'webhooks', buttons: ['secret.add'] },
    { name: 'add-endpoint', path: 'webhooks', buttons: ['endpoint.add'] },
    { name: 'edit-endpoint', path: 'webhooks', buttons: ['endpoint.edit'] },
    { name: 'create-key', path: 'health', buttons: ['newKey.title'] },
    {
      name: 'new-key',
      path: 'health',
      buttons: ['newKey.title', 'newKey.create'],
      typed: { 'key-name': 'shop server' },
    },
    { name: 'revoke-key', path: 'health', buttons: ['keys.revoke'] },
    { name: 'rotate-secret', path: 'health', buttons: ['secrets.rotate'] },
    { name: 'invite', path: 'health', buttons: ['operators.invite'] },
    { name: 'password-link', path: 'health', buttons: ['operators.password'] },
    { name: 'link', path: 'health', buttons: ['operators.password', 'operators.password'] },
    { name: 'disable-operator', path: 'health', buttons: ['webhooks.disable'] },
  ]
}

/** Opens a dialog on its page, and types into it. */
export async function openDialog(shown: Page, { buttons, typed = {} }: ConsoleDialog, locale: Locale): Promise<void> {
  for (const key of buttons) {
    const dialog = shown.locator('dialog[open]')
    const isFollowing = (await dialog.count()) > 0
    // The next dialog comes when the request of this one is done.
    if (isFollowing) await dialog.evaluate((element) => element.setAttribute('data-former', ''))
    const place = isFollowing ? dialog : shown.locator('main')
    await place
      .locator('button', { hasText: textIn(locale, key) })
      .last()
      .click()
    await shown.locator('dialog[open]:not([data-former])').waitFor()
    for (const [field, text] of Object.entries(typed)) {
      const input = shown.locator(`dialog [name="${field}"]`)
      if ((await input.count()) > 0) await input.fill(text)
    }
  }
  await shown.locator('dialog .skeleton, dialog [aria-busy="true"]').first().waitFor({ state: 'detached' })
}
