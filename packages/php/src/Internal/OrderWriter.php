<?php
declare(strict_types=1);

namespace Paxyo\Internal;

use Paxyo\PaxyoMissingRowException;

/**
 * Writes one order to a panel's tables, in a transaction of the caller.
 *
 * Every statement of an order, from a webhook, the feed or a copy, contains the total that was refunded for it. A row of
 * `paxyo_orders` has the total that was credited, and only the difference is credited: duplicates, lost and reordered
 * statements all end with the same balance. The row is locked first, so that two requests about one order take turns.
 */
final class OrderWriter
{
    private Database $database;

    private Tables $tables;

    public function __construct(Database $database, Tables $tables)
    {
        $this->database = $database;
        $this->tables = $tables;
    }

    /**
     * @param array<string, mixed> $order
     * @param int $seq its place in the user's stream; of a copy, the end of the stream when the order was read
     * @param bool $isCopied when it is of a copy, which is written whatever is known
     * @return array{outcome: string, credited: string}
     * @throws PaxyoMissingRowException before anything in the panel's tables has changed
     */
    public function write(array $order, int $seq, bool $isCopied): array
    {
        $orderId = (string) $order['orderId'];
        $known = $this->lockKnown($orderId);
        $row = $this->lockRow($orderId);
        // After a restore of Paxyo's database the numbers start earlier, and the times do not.
        $isNewer = $isCopied || $seq > $known['seq'] || strcmp($order['updatedAt'], $known['updatedAt']) > 0;
        if ($row === null && !$this->tables->skipsMissing) {
            throw new PaxyoMissingRowException(
                "The table {$this->tables->orders['table']} has no order $orderId. Insert it before you register it; or set "
                . "'missing' => 'skip', if it has no row any more."
            );
        }
        $before = $known['credited'] ?? self::creditedElsewhere($order, $row);
        [$settled, $credited] = $this->credit($order, $before);
        if ($row !== null && $isNewer) {
            $this->update($orderId, $order);
            $known['seq'] = $seq;
            $known['updatedAt'] = $order['updatedAt'];
        }
        $this->storeKnown($orderId, $known['seq'], $known['updatedAt'], $settled);
        return [
            'outcome' => $row === null ? 'missing' : ($isNewer ? 'applied' : 'stale'),
            'credited' => Amount::fromUnits($credited),
        ];
    }

    /**
     * Records what was refunded for an order as credited already.
     *
     * @param array<string, mixed> $order
     */
    public function adopt(array $order): void
    {
        $orderId = (string) $order['orderId'];
        $known = $this->lockKnown($orderId);
        if ($known['credited'] === null) {
            $this->storeKnown($orderId, $known['seq'], $known['updatedAt'], Amount::toUnits($order['refunded']));
        }
    }

    /**
     * The amount that another system credited before the first statement: Paxyo knows it from the import, also for an order
     * whose row or column does not exist; and the row may know more.
     *
     * @param array<string, mixed> $order
     * @param array{refunded: mixed}|null $row
     */
    private static function creditedElsewhere(array $order, ?array $row): int
    {
        return max(
            Amount::toUnits($order['refundedElsewhere'] ?? '0'),
            $row === null ? 0 : Amount::toUnits($row['refunded'])
        );
    }

    /** @return array{seq: int, updatedAt: string, credited: int|null} */
    private function lockKnown(string $orderId): array
    {
        $table = $this->database->quote($this->tables->prefix . 'orders');
        $insert = "INSERT INTO $table (order_id) VALUES (?)" . $this->database->unlessExists('order_id');
        $this->database->execute($insert, [$orderId]);
        $select = "SELECT seq, updated_at, credited FROM $table WHERE order_id = ?" . $this->database->forUpdate();
        [$seq, $updatedAt, $credited] = $this->database->row($select, [$orderId]);
        return [
            'seq' => (int) $seq,
            'updatedAt' => (string) $updatedAt,
            'credited' => $credited === null ? null : Amount::toUnits($credited),
        ];
    }

    private function storeKnown(string $orderId, int $seq, string $updatedAt, int $credited): void
    {
        $table = $this->database->quote($this->tables->prefix . 'orders');
        $this->database->execute(
            "UPDATE $table SET seq = ?, updated_at = ?, credited = ? WHERE order_id = ?",
            [$seq, $updatedAt, Amount::fromUnits($credited), $orderId]
        );
    }

    /** @return array{refunded: mixed}|null */
    private function lockRow(string $orderId): ?array
    {
        ['table' => $table, 'id' => $id, 'refunded' => $refunded] = $this->tables->orders;
        $row = $this->database->lockById($table, $id, $orderId, $refunded === null ? [] : [$refunded]);
        return $row === null ? null : ['refunded' => $row[0] ?? 0];
    }

    /** @param array<string, mixed> $order */
    private function update(string $orderId, array $order): void
    {
        $columns = $this->tables->orders;
        $values = [
            'status' => $this->tables->status($order['status']),
            'remains' => $order['remains'] ?? $this->tables->unknownRemains,
            'refunded' => $order['refunded'],
            'startCount' => $order['startCount'],
        ];
        $sets = [];
        $parameters = [];
        foreach ($values as $key => $value) {
            if ($columns[$key] !== null) {
                $sets[] = $this->database->quote($columns[$key]) . ' = ?';
                $parameters[] = $value;
            }
        }
        $table = $this->database->quote($columns['table']);
        $id = $this->database->quote($columns['id']);
        $this->database->execute("UPDATE $table SET " . implode(', ', $sets) . " WHERE $id = ?", [...$parameters, $orderId]);
    }

    /**
     * Credits the difference to the panel's own balance. What Paxyo has credited to an account that it keeps counts as settled
     * too, so that it is not credited again when the panel keeps the balances later.
     *
     * @param array<string, mixed> $order
     * @return array{0: int, 1: int} the total that is settled, and what was credited now
     */
    private function credit(array $order, int $before): array
    {
        $total = Amount::toUnits($order['refunded']);
        if ($total <= $before) {
            return [$before, 0];
        }
        if (!$this->tables->credits || ($order['payment'] ?? 'external') === 'account') {
            return [$total, 0];
        }
        // The column may round: then the sum of what is credited is the rounded total, not that of rounded differences.
        $decimals = $this->database->decimals($this->tables->users['table'], $this->tables->users['balance']);
        $due = Amount::round($total, $decimals) - Amount::round($before, $decimals);
        return $this->addToBalance($order, $due) ? [$total, $due] : [$before, 0];
    }

    /**
     * @param array<string, mixed> $order
     * @return bool false when there is no such user, and that is skipped
     */
    private function addToBalance(array $order, int $units): bool
    {
        $users = $this->tables->users;
        $userId = (string) $order['userId'];
        if ($this->database->lockById($users['table'], $users['id'], $userId) === null) {
            if ($this->tables->skipsMissing) {
                return false;
            }
            throw new PaxyoMissingRowException(
                "The table {$users['table']} has no user $userId, to whom a refund of order {$order['orderId']} is due."
            );
        }
        $table = $this->database->quote($users['table']);
        $id = $this->database->quote($users['id']);
        $balance = $this->database->quote($users['balance']);
        $sum = $this->database->plus($balance);
        $this->database->execute("UPDATE $table SET $balance = $sum WHERE $id = ?", [Amount::fromUnits($units), $userId]);
        return true;
    }
}
