<?php
declare(strict_types=1);

namespace Paxyo\Test;

use PDO;
use Paxyo\PaxyoSync;

/** A panel's tables in one of the databases that the tests run with. */
final class PanelDatabase
{
    private const SETTINGS = ['orders' => ['table' => 'shop orders'], 'users' => ['balance' => 'the "balance"']];

    public PDO $pdo;

    /** @var array<string, mixed> */
    public array $settings;

    /**
     * @param array<string, mixed> $settings
     * @param string $amounts the type of the columns of amounts; SQLite has no decimal numbers
     */
    public function __construct(string $dsn, array $settings = [], string $amounts = 'decimal(20, 8)')
    {
        $this->settings = array_replace_recursive(self::SETTINGS, $settings);
        $this->pdo = self::connect($dsn);
        foreach (['"shop orders"', 'users', 'paxyo_orders', 'paxyo_accounts', 'paxyo_feed', 'paxyo_missing'] as $table) {
            $this->pdo->exec('DROP TABLE IF EXISTS ' . $this->sql($table));
        }
        $amount = $this->driver() === 'sqlite' ? 'numeric' : $amounts;
        $this->pdo->exec($this->sql(
            "CREATE TABLE \"shop orders\" (id integer PRIMARY KEY, status varchar(20) NOT NULL DEFAULT 'pending', remains integer, "
            . "refunded $amount NOT NULL DEFAULT 0, start_count integer)"
        ));
        $balance = $this->driver() === 'mysql' ? '`the "balance"`' : '"the ""balance"""';
        $this->pdo->exec("CREATE TABLE users (id varchar(64) PRIMARY KEY, $balance $amount NOT NULL DEFAULT 0)");
        PaxyoSync::createTables($this->pdo, $this->settings);
    }

    /** @return string[] DSNs by name: SQLite, and the servers that the environment names */
    public static function dsns(): array
    {
        $dsns = ['sqlite' => 'sqlite::memory:'];
        foreach (['PAXYO_TEST_MYSQL', 'PAXYO_TEST_PGSQL'] as $variable) {
            if (getenv($variable) !== false) {
                $dsns[strtolower(substr($variable, 11))] = getenv($variable);
            }
        }
        return $dsns;
    }

    public static function connect(string $dsn): PDO
    {
        $user = strncmp($dsn, 'mysql', 5) === 0 ? 'root' : null;
        $pdo = new PDO($dsn, $user, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
        if ($pdo->getAttribute(PDO::ATTR_DRIVER_NAME) === 'mysql') {
            // As panels of all ages have it, with and without strictness.
            $pdo->exec("SET sql_mode = 'STRICT_ALL_TABLES'");
        }
        return $pdo;
    }

    public function driver(): string
    {
        return $this->pdo->getAttribute(PDO::ATTR_DRIVER_NAME);
    }

    public function insert(string $orderId, string $userId, string $refunded = '0'): void
    {
        $this->insertOrder($orderId, $refunded);
        $this->insertUser($userId);
    }

    public function insertOrder(string $orderId, string $refunded = '0'): void
    {
        $this->pdo->prepare($this->sql('INSERT INTO "shop orders" (id, refunded) VALUES (?, ?)'))->execute([$orderId, $refunded]);
    }

    public function insertUser(string $userId): void
    {
        $this->pdo->prepare('DELETE FROM users WHERE id = ?')->execute([$userId]);
        $this->pdo->prepare('INSERT INTO users (id) VALUES (?)')->execute([$userId]);
    }

    public function clear(): void
    {
        foreach (['"shop orders"', 'users', 'paxyo_orders'] as $table) {
            $this->pdo->exec('DELETE FROM ' . $this->sql($table));
        }
    }

    /** @return string its status, remains and refunded */
    public function order(string $orderId): string
    {
        $select = $this->pdo->prepare($this->sql('SELECT status, remains, refunded FROM "shop orders" WHERE id = ?'));
        $select->execute([$orderId]);
        [$status, $remains, $refunded] = $select->fetch(PDO::FETCH_NUM);
        return "$status " . ($remains ?? 'null') . ' ' . self::plain($refunded);
    }

    public function balance(string $userId): string
    {
        $column = $this->driver() === 'mysql' ? '`the "balance"`' : '"the ""balance"""';
        $select = $this->pdo->prepare("SELECT $column FROM users WHERE id = ?");
        $select->execute([$userId]);
        return self::plain($select->fetchColumn());
    }

    /** @param mixed $amount */
    private static function plain($amount): string
    {
        $text = is_float($amount) ? number_format($amount, 8, '.', '') : (string) $amount;
        return strpos($text, '.') === false ? $text : rtrim(rtrim($text, '0'), '.');
    }

    /** Standard SQL, with MySQL's quotes. */
    private function sql(string $text): string
    {
        return $this->driver() === 'mysql' ? strtr($text, '"', '`') : $text;
    }
}
