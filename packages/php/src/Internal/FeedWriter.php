<?php
declare(strict_types=1);

namespace Paxyo\Internal;

/** Writes pages of the changes feed, and of a copy, to a panel's tables. A missing row does not stop the others. */
final class FeedWriter
{
    private Database $database;

    private Schema $schema;

    private ChangeWriter $writer;

    private MissingRows $missing;

    public function __construct(Database $database, Tables $tables)
    {
        $this->database = $database;
        $this->schema = new Schema($database, $tables);
        $this->writer = new ChangeWriter($database, $tables);
        $this->missing = new MissingRows($database, $tables);
    }

    /**
     * Writes a page of the feed and its cursor, in one transaction.
     *
     * @param array<int, array<string, mixed>> $changes
     */
    public function writeChanges(array $changes, string $cursor): void
    {
        $this->database->transaction(function () use ($changes, $cursor): void {
            foreach ($changes as $change) {
                $this->missing->orSetAside($change, fn () => $this->writer->write($change));
            }
            $this->schema->storeCursor($cursor);
        });
    }

    /**
     * Writes a page of a copy, in one transaction.
     *
     * @param array<int, array<string, mixed>> $orders
     * @param array<string, array<string, mixed>> $balances by user id
     */
    public function writeCopy(array $orders, array $balances): void
    {
        $this->database->transaction(function () use ($orders, $balances): void {
            foreach ($orders as $order) {
                $change = ['type' => 'order.updated', 'at' => $order['updatedAt'], 'userId' => $order['userId'], 'seq' => 0];
                $this->missing->orSetAside(
                    $change + ['order' => $order],
                    fn () => $this->writer->writeCopiedOrder($order)
                );
            }
            foreach ($balances as $userId => $balance) {
                $change = ['type' => 'account.updated', 'at' => '', 'userId' => (string) $userId, 'seq' => $balance['seq']];
                $this->missing->orSetAside(
                    $change + ['account' => $balance['account']],
                    fn () => $this->writer->writeCopiedAccount((string) $userId, $balance)
                );
            }
        });
    }
}
