<?php
declare(strict_types=1);

namespace Paxyo;

use PDO;
use Paxyo\Internal\ChangeWriter;
use Paxyo\Internal\Database;
use Paxyo\Internal\FeedWriter;
use Paxyo\Internal\MissingRows;
use Paxyo\Internal\OrderWriter;
use Paxyo\Internal\Schema;
use Paxyo\Internal\Tables;

/**
 * Keeps a panel's own tables in sync, in MySQL, MariaDB, PostgreSQL or SQLite, from webhooks, the changes feed, or both.
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
 *         'copyBalance' => false,    // with 'kept': write the balances that Paxyo keeps to the table of users
 *         'prefix' => 'paxyo_',      // of the tables that createTables() makes
 *     ]
 */
final class PaxyoSync
{
    /** How often changes that were set aside are looked at. */
    private const RETRY_S = 60;

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
     * @throws PaxyoMissingRowException when there is no row for the order, or for the user of a refund: respond with an
     *     error, so that Paxyo retries the webhook
     */
    public static function apply(PDO $db, array $change, array $settings = []): array
    {
        $database = new Database($db);
        $writer = new ChangeWriter($database, new Tables($settings));
        return $database->transaction(static function () use ($writer, $change): array {
            return $writer->write($change);
        });
    }

    /**
     * Follows the changes feed until `$options['until']` returns true: from the cursor that is stored in the database, or
     * after a full copy when there is none, or when it has become too old. It survives restarts of Paxyo; run it under a
     * supervisor, or every minute from cron with `['seconds' => 55]`. A copy that takes longer is completed all the same, and
     * processes that are started meanwhile wait for it. A change whose row is missing is logged, set aside and retried, so that
     * it does not stop the others: {@see missing()} lists them.
     *
     * @param array<string, mixed> $settings
     * @param array{wait?: int, seconds?: int, until?: callable(): bool} $options
     */
    public static function follow(PDO $db, PaxyoClient $client, array $settings = [], array $options = []): void
    {
        $database = new Database($db);
        $tables = new Tables($settings);
        $writer = new FeedWriter($database, $tables);
        $missing = new MissingRows($database, $tables);
        $isOver = $options['until'] ?? static fn (): bool => false;
        $retriedAt = 0;
        $options['until'] = static function () use ($missing, $isOver, &$retriedAt): bool {
            $now = time();
            if ($now - $retriedAt >= self::RETRY_S) {
                $missing->retry($now);
                $retriedAt = $now;
            }
            return $isOver();
        };
        PaxyoFeed::follow($client, $writer->cursor(), [
            'begin' => [$writer, 'begin'],
            'copy' => [$writer, 'writeOrders'],
            'accounts' => $tables->copiesBalance ? [$writer, 'writeAccounts'] : null,
            'changes' => [$writer, 'writeChanges'],
        ], $options + ['types' => self::types($tables)]);
    }

    /**
     * The changes that `follow` has set aside, because their row is missing: the newest of each order, or account. They are
     * retried until the row exists.
     *
     * @param array<string, mixed> $settings
     * @return array<int, array{subject: string, attempts: int, change: array<string, mixed>}> `subject` is `order 12` or
     *     `account ann`; those that wait longest first
     */
    public static function missing(PDO $db, array $settings = []): array
    {
        return (new MissingRows(new Database($db), new Tables($settings)))->all();
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

    /** @return string[] */
    private static function types(Tables $tables): array
    {
        return $tables->copiesBalance ? ['order.registered', 'order.updated', 'account.updated'] : ['order.updated'];
    }
}
