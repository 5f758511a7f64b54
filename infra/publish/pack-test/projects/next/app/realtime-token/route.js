import { createPanelClient } from '@paxyo/panel-client'

export const dynamic = 'force-dynamic'

export async function GET() {
  const panel = createPanelClient({ url: process.env.PANEL_URL, apiKey: process.env.PANEL_KEY })
  return new Response((await panel.tokens.mint({ userId: process.env.USER })).token)
}
