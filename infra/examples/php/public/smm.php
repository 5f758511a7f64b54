<?php
declare(strict_types=1);

use Paxyo\PaxyoException;

require __DIR__ . '/../settings.php';
require __DIR__ . '/../panel.php';

$userId = current_user(true);
$gateway = rtrim(setting('PAXYO_GATEWAY'), '/');
$socket = preg_replace('/^http/', 'ws', $gateway);

// The strictest policy: scripts only from the gateway and this site, no inline code, no eval.
header("Content-Security-Policy: default-src 'none'; script-src 'self' $gateway; connect-src 'self' $socket $gateway; style-src 'self'; "
    . "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
header('X-Content-Type-Options: nosniff');
header('Referrer-Policy: same-origin');
header('Cache-Control: no-store');

// The panel's own rows, with the position at which Paxyo's are the same, so that the page gets only later events. If Paxyo
// cannot be reached, there is no position: then the page gets a snapshot, which fills the rows.
try {
    $state = paxyo(['attempts' => 1])->state($userId);
} catch (PaxyoException $error) {
    error_log($error->getMessage());
    $state = ['position' => '', 'orders' => []];
}
$orders = array_map(fn (array $order): array => ($state['orders'][$order['id']] ?? []) + $order + ['startCount' => null], orders_of($userId));
$labels = [
    'pending' => 'Pending', 'processing' => 'Processing', 'in_progress' => 'In progress', 'completed' => 'Completed',
    'partial' => 'Partial', 'canceled' => 'Canceled', 'failed' => 'Failed',
];
?>
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Your orders</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="smm.css">
</head>
<body>
  <header>
    <h1>Your orders</h1>
    <p class="connection" data-connection="connecting">Connecting</p>
    <p class="balance">Balance <strong data-balance><?= h(money(balance_of($userId), 'USD')) ?></strong></p>
  </header>
  <main>
    <form class="card" method="post" action="register.php">
      <input type="hidden" name="csrf" value="<?= h($_SESSION['csrf']) ?>">
      <label>Link <input name="link" type="url" required placeholder="https://instagram.com/somebody"></label>
      <label>Quantity <input name="quantity" type="number" required min="10" max="100000" value="1000"></label>
      <label>Provider’s order number <input name="providerOrderId" required pattern="\d{1,20}" inputmode="numeric"></label>
      <button>Order</button>
    </form>
    <table class="card">
      <thead>
        <tr>
          <th scope="col">Order</th>
          <th scope="col">Status</th>
          <th scope="col">Delivered</th>
          <th scope="col" class="number">Remains</th>
          <th scope="col" class="number">Start count</th>
          <th scope="col" class="number">Charge</th>
          <th scope="col" class="number">Refunded</th>
        </tr>
      </thead>
      <tbody>
<?php foreach ($orders as $order): ?>
        <tr data-order-id="<?= h($order['id']) ?>" data-status="<?= h($order['status']) ?>">
          <td><strong><?= h($order['id']) ?></strong> <?= h($order['service']) ?> <small><?= h($order['link']) ?></small></td>
          <td><span class="badge" data-field="status" data-status="<?= h($order['status']) ?>"><?= h($labels[$order['status']] ?? ucfirst(strtr($order['status'], '_', ' '))) ?></span></td>
          <td><progress data-field="progress" max="100" value="<?= percent($order) ?>" aria-label="Delivered"></progress></td>
          <td class="number" data-label="Remains" data-field="remains"><?= h($order['remains'] ?? '–') ?></td>
          <td class="number" data-label="Start count" data-field="start-count"><?= h($order['startCount'] ?? '–') ?></td>
          <td class="number" data-label="Charge" data-field="charge"><?= h(money(amount($order['charge']), $order['currency'])) ?></td>
          <td class="number" data-label="Refunded" data-field="refunded" data-value="<?= h(amount($order['refunded'])) ?>"><?= h(money(amount($order['refunded']), $order['currency'])) ?></td>
        </tr>
<?php endforeach ?>
      </tbody>
    </table>
<?php if ($orders === []): ?>
    <p class="empty">No orders yet.</p>
<?php endif ?>
  </main>
  <script src="<?= h($gateway) ?>/paxyo.js" data-token-url="token.php" data-balance-url="balance.php" data-position="<?= h($state['position']) ?>"></script>
</body>
</html>
