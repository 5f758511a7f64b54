<?php
declare(strict_types=1);

// Receives Paxyo's outgoing webhooks, and keeps the panel's own tables in sync: the status, remains and refunded of orders, and
// the balance of users, to which each refund is credited once.

use Paxyo\PaxyoSync;
use Paxyo\PaxyoWebhook;

require __DIR__ . '/../settings.php';

PaxyoWebhook::serve(setting('PAXYO_WEBHOOK_SECRET'), function (array $change): void {
    PaxyoSync::apply(panel_db(), $change, PANEL_TABLES);
});
