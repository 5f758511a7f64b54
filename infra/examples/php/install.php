<?php
declare(strict_types=1);

// php install.php: creates the panel's tables, which your panel has already, and those of PaxyoSync.

require __DIR__ . '/settings.php';

$database = strstr(setting('PANEL_DB', 'sqlite:'), ':', true);
$missing = array_filter(['curl', 'json', 'session', 'PDO', "pdo_$database"], fn (string $name): bool => !extension_loaded($name));
if ($missing !== []) {
    fwrite(STDERR, 'PHP ' . PHP_VERSION . ' has no extension ' . implode(', ', $missing) . ": install it, or enable it in php.ini.\n");
    exit(1);
}
$isMySql = panel_db()->getAttribute(PDO::ATTR_DRIVER_NAME) === 'mysql';
$end = $isMySql ? ') ENGINE=InnoDB DEFAULT CHARSET=utf8mb4' : ')';
panel_db()->exec('CREATE TABLE IF NOT EXISTS users (
    id varchar(64) NOT NULL PRIMARY KEY,
    balance decimal(20, 8) NOT NULL DEFAULT 0' . $end);
panel_db()->exec("CREATE TABLE IF NOT EXISTS orders (
    id varchar(64) NOT NULL PRIMARY KEY,
    user_id varchar(64) NOT NULL,
    provider_order_id varchar(64) NULL,
    service varchar(200) NOT NULL,
    link varchar(2000) NOT NULL,
    quantity integer NOT NULL,
    charge decimal(20, 8) NOT NULL,
    currency char(3) NOT NULL,
    status varchar(20) NOT NULL DEFAULT 'pending',
    remains integer NULL,
    refunded decimal(20, 8) NOT NULL DEFAULT 0$end");
Paxyo\PaxyoSync::createTables(panel_db(), PANEL_TABLES);
echo "The tables are ready.\n";
