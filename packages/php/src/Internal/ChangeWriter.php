<?php
declare(strict_types=1);

namespace Paxyo\Internal;

/** Writes one change to a panel's tables, in a transaction of the caller. */
final class ChangeWriter
{
    /** The user of the orders that `paxyo setup --check` registers and completes: no panel has rows for them. */
    private const SETUP_CHECK_USER = 'paxyo-setup-check';

    private const TYPES = ['order.registered', 'order.updated', 'refund.paid', 'account.updated'];

    private Tables $tables;

    private AccountWriter $accounts;

    private OrderWriter $orders;

    public function __construct(Database $database, Tables $tables)
    {
        $this->tables = $tables;
        $this->accounts = new AccountWriter($database, $tables);
        $this->orders = new OrderWriter($database, $tables);
    }

    /** @param array<string, mixed> $statement a change, or an order of a copy */
    public static function isIgnored(array $statement): bool
    {
        return ($statement['userId'] ?? null) === self::SETUP_CHECK_USER;
    }

    /**
     * @param array<string, mixed> $change
     * @param bool $isLate when it was set aside before: a copy of the order may have been written since
     * @return array{outcome: string, credited: string}
     */
    public function write(array $change, bool $isLate = false): array
    {
        $result = ['outcome' => 'ignored', 'credited' => '0'];
        if (!in_array($change['type'] ?? '', self::TYPES, true) || self::isIgnored($change)) {
            return $result;
        }
        if ($this->tables->copiesBalance && isset($change['account'])) {
            $this->accounts->write((string) $change['userId'], $change['account'], $change['seq'], $change['at'], $isLate);
        }
        return isset($change['order'])
            ? $this->orders->write($change['order'] + ['userId' => $change['userId']], $change['seq'], $isLate)
            : $result;
    }

    /** @param array<string, mixed> $order of a copy, which is written whatever is known */
    public function writeCopiedOrder(array $order): void
    {
        $this->orders->write($order, null);
    }

    /** @param array{account: array<string, mixed>, seq: int} $balance of a copy, which is written whatever is known */
    public function writeCopiedAccount(string $userId, array $balance): void
    {
        $this->accounts->write($userId, $balance['account'], $balance['seq'], null);
    }
}
