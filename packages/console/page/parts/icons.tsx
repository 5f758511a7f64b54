import type { JSX } from 'preact'

const PATHS = {
  today: 'M4 13h6V4H4zM14 20h6v-9h-6zM14 4v3h6V4zM4 20h6v-3H4z',
  live: 'M3 12h4l3 7 4-14 3 7h4',
  reviews: 'M4 13l3-8h10l3 8v6H4zM4 13h5l1 2h4l1-2h5',
  search: 'M10.5 4.5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5',
  refunds: 'M9 14l-4-4 4-4M5 10h10a4 4 0 0 1 0 8h-4',
  rejected: 'M12 4l9 16H3zM12 10v4M12 17v.01',
  webhooks: 'M5 12h13M13 6l6 6-6 6',
  health: 'M12 20s-7-4.5-7-10a4 4 0 0 1 7-2.6A4 4 0 0 1 19 10c0 5.5-7 10-7 10z',
  setup: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4',
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6L6 18',
  copy: 'M9 9h10v10H9zM5 15V5h10',
} as const

export type IconName = keyof typeof PATHS

export const Icon = ({ name }: { name: IconName }): JSX.Element => (
  <svg
    class="icon"
    viewBox="0 0 24 24"
    width="20"
    height="20"
    aria-hidden="true"
    fill="none"
    stroke="currentColor"
    stroke-width="1.75"
    stroke-linecap="round"
    stroke-linejoin="round"
  >
    <path d={PATHS[name]} />
  </svg>
)
