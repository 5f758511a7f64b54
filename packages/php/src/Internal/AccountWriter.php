<?php
declare(strict_types=1);

namespace Paxyo\Internal;

use Paxyo\PaxyoMissingRowException;

/** Copies the balance that Paxyo keeps to a panel's table of users, in a transaction of the caller. */
final class AccountWriter
{
    private Database $database;

    private Tables $tables;

    public function __construct(Database $database, Tables $tables)
    {
        $this->database = $database;
        $this->tables = $tables;
    }

    /**
     * @param array<string, mixed> $account
     * @param string|null $at the time of the change; null for a copy, which is written whatever is known
     * @param bool $isLate when it was set aside before: the number decides alone then, because a copy has no time
     * @throws PaxyoMissingRowException before the table of users has changed
     */
    public function write(string $userId, array $account, int $seq, ?string $at, bool $isLate = false): void
    {
        $table = $this->database->quote($this->tables->prefix . 'accounts');
        $insert = "INSERT INTO $table (user_id) VALUES (?)" . $this->database->unlessExists('user_id');
        $this->database->execute($insert, [$userId]);
        $select = "SELECT seq, updated_at FROM $table WHERE user_id = ?" . $this->database->forUpdate();
        [$knownSeq, $knownAt] = $this->database->row($select, [$userId]);
        // After a restore of Paxyo's database the numbers start earlier, and the times do not.
        $isOlder = $seq <= (int) $knownSeq && ($isLate || strcmp((string) $at, (string) $knownAt) <= 0);
        if ($at !== null && $isOlder) {
            return;
        }
        $this->update($userId, $account['balance']);
        $store = "UPDATE $table SET seq = ?, updated_at = ? WHERE user_id = ?";
        $this->database->execute($store, [$seq, $at ?? '', $userId]);
    }

    private function update(string $userId, string $amount): void
    {
        $users = $this->tables->users;
        $table = $this->database->quote($users['table']);
        $id = $this->database->quote($users['id']);
        $balance = $this->database->quote($users['balance']);
        $row = $this->database->row("SELECT $id FROM $table WHERE $id = ?" . $this->database->forUpdate(), [$userId]);
        if ($row !== null && (string) $row[0] === $userId) {
            $this->database->execute("UPDATE $table SET $balance = ? WHERE $id = ?", [$amount, $userId]);
        } elseif (!$this->tables->skipsMissing) {
            throw new PaxyoMissingRowException("The table {$users['table']} has no user $userId, whose balance has changed.");
        }
    }
}
