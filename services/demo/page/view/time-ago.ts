import { element } from './element.ts'
import { formatExactTime, formatRelativeTime } from './format.ts'

/** A time as "5 min. ago", with the exact one in its title. */
export function timeAgo(at: string): HTMLTimeElement {
  const time = element('time')
  setTime(time, at)
  return time
}

export function setTime(time: HTMLTimeElement, at: string): void {
  if (time.dateTime !== at) {
    time.dateTime = at
    time.title = formatExactTime(Date.parse(at))
  }
  const text = formatRelativeTime(Date.parse(at), Date.now())
  if (time.textContent !== text) time.textContent = text
}

/** Updates all times of the page. */
export function refreshTimes(): void {
  for (const time of document.querySelectorAll('time')) setTime(time, time.dateTime)
}
