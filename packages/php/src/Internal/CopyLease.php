<?php
declare(strict_types=1);

namespace Paxyo\Internal;

/**
 * Lets one process copy at a time. A copy of many orders takes longer than the minute after which cron starts the next process.
 * Each of them would copy, too, until the machine is full; and a page that one has read could be written after another one has
 * followed the feed beyond it, so that nothing repeats what the page lacks.
 */
final class CopyLease
{
    private const NAME = 'copy';

    /** Longer than between two pages of a copy. Then the process has ended, and another one copies from the beginning. */
    private const SECONDS = 120;

    private Database $database;

    private string $table;

    private string $owner;

    public function __construct(Database $database, Tables $tables)
    {
        $this->database = $database;
        $this->table = $database->quote($tables->prefix . 'feed');
        $this->owner = bin2hex(random_bytes(8));
    }

    /**
     * Takes or extends the lease, and keeps other processes from doing so until the transaction of the caller ends.
     *
     * @throws CopiedElsewhere while another process has it
     */
    public function take(): void
    {
        $insert = "INSERT INTO $this->table (name, feed_cursor) VALUES (?, '')" . $this->database->unlessExists('name');
        $this->database->execute($insert, [self::NAME]);
        $select = "SELECT feed_cursor FROM $this->table WHERE name = ?" . $this->database->forUpdate();
        [$lease] = $this->database->row($select, [self::NAME]);
        [$owner, $until] = explode(' ', "$lease 0");
        if ($owner !== $this->owner && (int) $until > time()) {
            throw new CopiedElsewhere(null);
        }
        $this->store($this->owner . ' ' . (time() + self::SECONDS));
    }

    public function release(): void
    {
        $this->store('');
    }

    private function store(string $lease): void
    {
        $this->database->execute("UPDATE $this->table SET feed_cursor = ? WHERE name = ?", [$lease, self::NAME]);
    }
}
