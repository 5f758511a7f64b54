// The panel keeps the balance. The page learns of a refund as soon as the panel's server does, so the balance may need a moment.
const ATTEMPTS = 20
const PAUSE_MS = 250

async function showBalance({ orderId, refunded }) {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const response = await fetch(`balance.php?${new URLSearchParams({ orderId })}`)
    if (!response.ok) return
    const known = await response.json()
    document.querySelector('#balance').textContent = known.balance
    if (known.refunded === refunded) return
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}

document.addEventListener('paxyo:refund', ({ detail }) => void showBalance(detail.order))
