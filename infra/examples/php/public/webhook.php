<?php
declare(strict_types=1);

// Receives Paxyo's outgoing webhooks, and keeps the panel's own orders true: status, remains, refunded.

require_once __DIR__ . '/../paxyo.php';
require_once __DIR__ . '/../panel.php';

$webhook = paxyo_webhook();
if ($webhook === null) {
    http_response_code(401);
    exit;
}
if ($webhook['type'] === 'order.updated') {
    ['order' => $order, 'seq' => $seq] = $webhook['data'];
    update_order($order, $seq);
}
// Paxyo retries after anything but 2xx, so respond only when it is stored. Other types, such as a ping, need no more than this.
http_response_code(204);
