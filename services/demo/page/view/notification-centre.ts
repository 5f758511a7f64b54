import type { Notice } from '../state/notices.ts'
import { unreadCount, type PanelState } from '../state/panel-state.ts'
import { t } from '../text/language.ts'
import { describeNotice } from './describe.ts'
import { byId, element, setText } from './element.ts'
import { formatNumber } from './format.ts'
import { timeAgo } from './time-ago.ts'

const UNREAD_SHOWN_MAX = 99

export interface NotificationCentre {
  show(state: PanelState): void
}

/** The list behind the bell. It is rendered only while it is open. */
export function createNotificationCentre(markRead: () => void): NotificationCentre {
  const panel = byId('notification-centre')
  const bell = byId('bell')
  const title = document.title
  let shown: PanelState | undefined
  let listed: readonly Notice[] | undefined
  const isOpen = (): boolean => panel.matches(':popover-open')

  function list({ notices, readSeq }: PanelState): void {
    if (listed === notices) return
    listed = notices
    byId('notifications').replaceChildren(...notices.map((notice) => noticeItem(notice, notice.seq > readSeq)))
    byId('no-notifications').hidden = notices.length > 0
    byId('notifications').hidden = notices.length === 0
  }

  panel.addEventListener('toggle', () => {
    bell.ariaExpanded = String(isOpen())
    if (!isOpen()) return
    if (shown !== undefined) list(shown)
    markRead()
  })

  return {
    show(state) {
      shown = state
      const unread = unreadCount(state)
      const badge = byId('unread')
      badge.hidden = unread === 0
      setText(badge, unread > UNREAD_SHOWN_MAX ? `${formatNumber(UNREAD_SHOWN_MAX)}+` : formatNumber(unread))
      bell.ariaLabel = unread === 0 ? t('notifications') : t('notificationsUnread', { count: formatNumber(unread) })
      document.title = unread === 0 ? title : `(${badge.textContent}) ${title}`
      if (!isOpen()) return
      list(state)
      // Notices that arrive while the list is open are read.
      if (unread > 0) markRead()
    },
  }
}

function noticeItem(notice: Notice, isUnread: boolean): HTMLElement {
  const { title, text, tone } = describeNotice(notice)
  return element(
    'li',
    { className: isUnread ? 'notice unread-notice' : 'notice' },
    element('span', { className: 'mark', data: { tone } }),
    element('p', {}, element('strong', { text: title }), element('span', { text })),
    timeAgo(notice.at),
  )
}
