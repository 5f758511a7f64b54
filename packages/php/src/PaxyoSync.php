<?php
declare(strict_types=1);

namespace Paxyo;

use PDO;
use Paxyo\Internal\AccountWriter;
use Paxyo\Internal\Database;
use Paxyo\Internal\OrderWriter;
use Paxyo\Internal\Schema;
use Paxyo\Internal\Tables;

/**
 * Keeps a panel's own tables true, in MySQL, MariaDB, PostgreSQL or SQLite, from webhooks, the changes feed, or both.
 *
 * The settings name the panel's tables; these are the defaults:
 *
 *     [
 *         'balance' => 'external',   // the panel keeps balances, and refunds are credited there; 'kept': Paxyo keeps them
 *         'orders' => ['table' => 'orders', 'id' => 'id', 'status' => 'status', 'remains' => 'remains',
 *             'refunded' => 'refunded', 'startCount' => null],
 *         'users' => ['table' => 'users', 'id' => 'id', 'balance' => 'balance'],
 *         'statuses' => [],          // the panel's words: ['in_progress' => 'In progress', …]
 *         'unknownRemains' => null,  // what is written to remains while it is unknown
 *         'missing' => 'fail',       // 'skip': ignore an order or a user without a row
 *         'copyBalance' => false,    // with 'kept': write the balance that Paxyo keeps to the table of users
 *         'prefix' => 'paxyo_',      // of the tables that createTables() makes
 *     ]
 */
final class PaxyoSync
{
    /**
     * Creates the tables of this package, if they do not exist, and checks that the panel's tables can be changed together
     * with them. Call it once, when the panel is set up.
     *
     * @param array<string, mixed> $settings
     */
    public static function createTables(PDO $db, array $settings = []): void
    {
        Schema::create(new Database($db), new Tables($settings));
    }

    /**
     * Applies a change, from a webhook or the feed, in one transaction: it writes the order's status, remains and refunded,
     * and credits what has been refunded since the last time. Applying it twice, or after a newer one, does no harm.
     *
     * @param array<string, mixed> $change
     * @param array<string, mixed> $settings
     * @return array{outcome: string, credited: string} `applied`, `stale` (a newer change was applied before), `missing` or
     *     `ignored` (it has nothing that the tables have), and the amount that was credited
     * @throws PaxyoMissingRowException when there is no row for the order, or for the user of a refund
     */
    public static function apply(PDO $db, array $change, array $settings = []): array
    {
        $database = new Database($db);
        $tables = new Tables($settings);
        return $database->transaction(static function () use ($database, $tables, $change): array {
            return self::write($database, $tables, $change);
        });
    }

    /**
     * Follows the changes feed until `$options['until']` returns true: from the cursor that is stored in the database, or
     * after a full copy when there is none, or when it has become too old. It survives restarts of Paxyo; run it under a
     * supervisor, or every minute from cron with `['seconds' => 55]`.
     *
     * @param array<string, mixed> $settings
     * @param array{wait?: int, seconds?: int, until?: callable(): bool} $options
     */
    public static function follow(PDO $db, PaxyoClient $client, array $settings = [], array $options = []): void
    {
        $database = new Database($db);
        $tables = new Tables($settings);
        $schema = new Schema($database, $tables);
        $accounts = new AccountWriter($database, $tables);
        $orders = new OrderWriter($database, $tables);
        PaxyoFeed::follow($client, $schema->readCursor(), [
            'copy' => static function (array $copied) use ($database, $tables, $client, $orders, $accounts): void {
                $balances = $tables->copiesBalance ? self::accountsOf($client, $copied) : [];
                $database->transaction(static function () use ($copied, $balances, $orders, $accounts): void {
                    foreach ($copied as $order) {
                        $orders->write($order, null);
                    }
                    foreach ($balances as $userId => $balance) {
                        $accounts->write((string) $userId, $balance['account'], $balance['seq'], null);
                    }
                });
            },
            'changes' => static function (array $changes, string $cursor) use ($database, $tables, $schema): void {
                $database->transaction(static function () use ($database, $tables, $schema, $changes, $cursor): void {
                    foreach ($changes as $change) {
                        self::write($database, $tables, $change);
                    }
                    $schema->storeCursor($cursor);
                });
            },
        ], $options + ['types' => self::types($tables)]);
    }

    /**
     * Records everything that was refunded so far as credited already, without crediting it: once, after an import of orders
     * whose refunds the panel has credited itself. Orders whose `refunded` column says so need no adoption.
     *
     * @param array<string, mixed> $settings
     */
    public static function adopt(PDO $db, PaxyoClient $client, array $settings = []): void
    {
        $database = new Database($db);
        $writer = new OrderWriter($database, new Tables($settings));
        $client->copyOrders(static function (array $orders) use ($database, $writer): void {
            $database->transaction(static function () use ($orders, $writer): void {
                foreach ($orders as $order) {
                    $writer->adopt($order);
                }
            });
        });
    }

    /**
     * @param array<string, mixed> $change
     * @return array{outcome: string, credited: string}
     */
    private static function write(Database $database, Tables $tables, array $change): array
    {
        $result = ['outcome' => 'ignored', 'credited' => '0'];
        if (!in_array($change['type'] ?? '', ['order.registered', 'order.updated', 'refund.paid', 'account.updated'], true)) {
            return $result;
        }
        if ($tables->copiesBalance && isset($change['account'])) {
            (new AccountWriter($database, $tables))
                ->write((string) $change['userId'], $change['account'], $change['seq'], $change['at']);
        }
        return isset($change['order'])
            ? (new OrderWriter($database, $tables))->write($change['order'] + ['userId' => $change['userId']], $change['seq'])
            : $result;
    }

    /**
     * @param array<int, array<string, mixed>> $orders
     * @return array<string, array<string, mixed>> by user id
     */
    private static function accountsOf(PaxyoClient $client, array $orders): array
    {
        $accounts = [];
        foreach (array_unique(array_column($orders, 'userId')) as $userId) {
            $accounts[$userId] = $client->account((string) $userId);
        }
        return $accounts;
    }

    /** @return string[] */
    private static function types(Tables $tables): array
    {
        return $tables->copiesBalance ? ['order.registered', 'order.updated', 'account.updated'] : ['order.updated'];
    }
}
