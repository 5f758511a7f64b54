<?php
declare(strict_types=1);

// php follow.php: keeps the tables in sync by the changes feed, for a panel that no webhook can reach. Run it under a supervisor
// such as systemd, or every minute from cron as `php follow.php 55`.

require __DIR__ . '/settings.php';

$seconds = (int) ($argv[1] ?? 0);
Paxyo\PaxyoSync::follow(panel_db(), paxyo(), PANEL_TABLES, $seconds > 0 ? ['seconds' => $seconds] : []);
