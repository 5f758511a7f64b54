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

    /**
     * @param array<string, mixed> $change
     * @param bool $isCopied when it is of a copy, which is written whatever is known
     * @return array{outcome: string, credited: string}
     */
    public function write(array $change, bool $isCopied = false): array
    {
        $result = ['outcome' => 'ignored', 'credited' => '0'];
        $isOfPanel = ($change['userId'] ?? null) !== self::SETUP_CHECK_USER;
        if (!in_array($change['type'] ?? '', self::TYPES, true) || !$isOfPanel) {
            return $result;
        }
        if ($this->tables->copiesBalance && isset($change['account'])) {
            $this->accounts->write((string) $change['userId'], $change['account'], $change['seq'], $change['at'], $isCopied);
        }
        return isset($change['order'])
            ? $this->orders->write($change['order'] + ['userId' => $change['userId']], $change['seq'], $isCopied)
            : $result;
    }
}
