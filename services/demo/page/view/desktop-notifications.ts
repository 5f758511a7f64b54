import type { Toast } from '../state/toasts.ts'
import type { TextStore } from '../storage.ts'
import { t } from '../text/language.ts'
import { describeToast } from './describe.ts'
import { byId, setText } from './element.ts'

const KEY = 'paxyo-desktop-notifications'

/** Desktop notifications while the page is hidden. The browser asks for permission only after a click. */
export function createDesktopNotifications(store: TextStore): { notify(toasts: readonly Toast[]): void } {
  const button = byId('desktop')
  if (!('Notification' in globalThis)) return { notify: () => undefined }

  const isOn = (): boolean => Notification.permission === 'granted' && store.getItem(KEY) === 'on'
  function show(): void {
    button.hidden = Notification.permission === 'denied'
    button.ariaPressed = String(isOn())
    setText(button, t(isOn() ? 'desktopOn' : 'desktopOff'))
  }
  button.addEventListener('click', () => {
    void toggle().then(show)
  })
  async function toggle(): Promise<void> {
    if (isOn()) return store.setItem(KEY, 'off')
    if ((await Notification.requestPermission()) === 'granted') store.setItem(KEY, 'on')
  }
  show()

  return {
    notify(toasts) {
      if (!document.hidden || !isOn()) return
      for (const toast of toasts) showNotification(toast)
    },
  }
}

function showNotification(toast: Toast): void {
  const { title, text } = describeToast(toast)
  let notification: Notification
  try {
    notification = new Notification(title, { body: text, icon: '/demo/files/icon.svg' })
  } catch {
    // Chrome on Android allows notifications only from service workers.
    return
  }
  notification.addEventListener('click', () => {
    window.focus()
    notification.close()
  })
}
