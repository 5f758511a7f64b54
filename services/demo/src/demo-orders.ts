import type { OrderChange } from '@paxyo/provider-simulator'

/** An order of the demo user, and the changes that the provider has reported. */
export interface DemoHistory {
  readonly service: string
  readonly link: string
  readonly quantity: number
  readonly charge: string
  readonly history: readonly OrderChange[]
}

const order = (
  service: string,
  link: string,
  quantity: number,
  charge: string,
  ...history: OrderChange[]
): DemoHistory => ({ service, link: `https://${link}`, quantity, charge, history })

const inProgress = (startCount: number, remains: number): OrderChange => ({
  status: 'in_progress',
  startCount,
  remains,
})
const completed = (startCount: number): OrderChange => ({ status: 'completed', startCount, remains: 0 })
const partial = (startCount: number, remains: number): OrderChange => ({ status: 'partial', startCount, remains })

/** The last is open and unchanged, and on top of the page: the command in the start-up banner cancels it. */
export const DEMO_HISTORIES: readonly DemoHistory[] = [
  order('YouTube views', 'youtube.com/watch?v=paxyo-demo', 5000, '7.2', inProgress(3572, 1800)),
  order('TikTok likes', 'tiktok.com/@paxyo.demo/video/730', 500, '0.85', completed(120)),
  order('Telegram members', 't.me/paxyo_demo', 2000, '4.1', inProgress(88, 1900), partial(88, 600)),
  order('Spotify plays', 'open.spotify.com/track/5paxyo', 10_000, '6.4', completed(41_208)),
  order('Instagram likes', 'instagram.com/p/C8paxyo', 2500, '1.95', completed(312)),
  order('X followers', 'x.com/paxyo_demo', 800, '5.6', inProgress(1204, 800), { status: 'canceled' }),
  order('YouTube subscribers', 'youtube.com/@paxyo-demo', 400, '11.8', inProgress(905, 260)),
  order('Facebook page likes', 'facebook.com/paxyo.demo', 1500, '6.75', completed(2210)),
  order('TikTok followers', 'tiktok.com/@paxyo.demo', 3000, '8.4', partial(640, 450)),
  order('Instagram story views', 'instagram.com/stories/paxyo.demo', 6000, '1.2', completed(0)),
  order('Twitch followers', 'twitch.tv/paxyo_demo', 250, '1.9', { status: 'processing' }),
  order('LinkedIn post likes', 'linkedin.com/posts/paxyo-demo', 120, '3.36', completed(17)),
  order('Telegram post views', 't.me/paxyo_demo/42', 20_000, '2.2', completed(1530)),
  order('YouTube likes', 'youtube.com/watch?v=paxyo-live', 1000, '3.1', inProgress(77, 1000), { status: 'canceled' }),
  order('Instagram comments', 'instagram.com/p/C9paxyo', 60, '4.5', completed(9)),
  order('Discord members', 'discord.gg/paxyo', 700, '9.1', inProgress(310, 385)),
  order('X reposts', 'x.com/paxyo_demo/status/18', 300, '1.65', completed(4)),
  order('Spotify followers', 'open.spotify.com/artist/7paxyo', 1200, '3.84', partial(58, 150)),
  order('TikTok views', 'tiktok.com/@paxyo.demo/video/731', 50_000, '1.75', inProgress(2150, 12_500)),
  order('Facebook video views', 'facebook.com/paxyo.demo/videos/9', 8000, '3.2', completed(960)),
  order('Instagram followers', 'instagram.com/paxyo.studio', 5000, '12.5', inProgress(8800, 4100)),
  order('YouTube views', 'youtube.com/watch?v=paxyo-tour', 25_000, '36', { status: 'processing' }),
  order('Telegram members', 't.me/paxyo_news', 1000, '2.05'),
  order('Instagram followers', 'instagram.com/paxyo.demo', 1000, '2.5'),
]
