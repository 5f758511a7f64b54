import { signal } from '@preact/signals'

const said = signal('')

/** Has a screen reader say what a person who sees the page sees: an action was done, and its dialog is gone. */
export const say = (text: string): void => {
  // The same text again is said only when it differs.
  said.value = said.value === text ? `${text}\u00A0` : text
}

/** It is there from the beginning: a region that comes with its text is not read. */
export const Said = () => (
  <p class="visually-hidden" role="status" data-said>
    {said.value}
  </p>
)
