<?php
declare(strict_types=1);

namespace Paxyo\Internal;

/** Writes pages of the changes feed, and of a copy, to a panel's tables. A missing row does not stop the others. */
final class FeedWriter
{
    private Database $database;

    private Schema $schema;

    private CopyLease $lease;

    private ChangeWriter $writer;

    private MissingRows $missing;

    /** What this process has read or stored last. */
    private ?string $cursor;

    private bool $isCopying = false;

    public function __construct(Database $database, Tables $tables)
    {
        $this->database = $database;
        $this->schema = new Schema($database, $tables);
        $this->lease = new CopyLease($database, $tables);
        $this->writer = new ChangeWriter($database, $tables);
        $this->missing = new MissingRows($database, $tables);
        $this->cursor = $this->schema->readCursor();
    }

    /** Where the feed is continued; null when everything must be copied first. */
    public function cursor(): ?string
    {
        return $this->cursor;
    }

    /**
     * Begins a copy, before anything of it is read.
     *
     * @throws CopiedElsewhere when another process copies, or has copied since this one has read the cursor
     */
    public function begin(): void
    {
        $this->database->transaction(function (): void {
            $this->claim();
        });
    }

    /**
     * Writes a page of a copy, in one transaction.
     *
     * @param array<int, array<string, mixed>> $orders
     * @throws CopiedElsewhere when this process was suspended, and another one copies instead
     */
    public function writeOrders(array $orders): void
    {
        $this->writeCopy(array_map(static function (array $order): array {
            ['updatedAt' => $at, 'userId' => $userId, 'seq' => $seq] = $order;
            return ['type' => 'order.updated', 'at' => $at, 'userId' => $userId, 'seq' => $seq, 'order' => $order];
        }, $orders));
    }

    /**
     * As {@see writeOrders()}.
     *
     * @param array<int, array{account: array<string, mixed>, seq: int}> $accounts
     */
    public function writeAccounts(array $accounts): void
    {
        $this->writeCopy(array_map(static function (array $copied): array {
            ['account' => $account, 'seq' => $seq] = $copied;
            // Nothing says when it has changed.
            return ['type' => 'account.updated', 'at' => '', 'userId' => $account['userId'], 'seq' => $seq, 'account' => $account];
        }, $accounts));
    }

    /**
     * Writes a page of the feed and its cursor, in one transaction; or the cursor after a copy, which is complete.
     *
     * @param array<int, array<string, mixed>> $changes
     */
    public function writeChanges(array $changes, string $cursor): void
    {
        // As it was before the first attempt: after a deadlock the transaction is run again.
        $isCopying = $this->isCopying;
        $this->database->transaction(function () use ($changes, $cursor, $isCopying): void {
            if ($isCopying) {
                $this->claim();
                $this->lease->release();
            }
            foreach ($changes as $change) {
                $this->missing->orSetAside($change, fn () => $this->writer->write($change));
            }
            $this->schema->storeCursor($cursor);
        });
        $this->cursor = $cursor;
        $this->isCopying = false;
    }

    /** @param array<int, array<string, mixed>> $changes */
    private function writeCopy(array $changes): void
    {
        $this->database->transaction(function () use ($changes): void {
            $this->claim();
            foreach ($changes as $change) {
                $this->missing->orSetAside($change, fn () => $this->writer->write($change, true));
            }
        });
    }

    /** In a transaction of the caller. */
    private function claim(): void
    {
        $this->isCopying = false;
        $this->lease->take();
        $stored = $this->schema->readCursor();
        if ($stored !== $this->cursor) {
            $this->cursor = $stored;
            throw new CopiedElsewhere($stored);
        }
        $this->isCopying = true;
    }
}
