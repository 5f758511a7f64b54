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
     * @param string $at the time of the change; empty for a copy, which has none
     * @param bool $isCopied when it is written whatever is known
     * @throws PaxyoMissingRowException before the table of users has changed
     */
    public function write(string $userId, array $account, int $seq, string $at, bool $isCopied): void
    {
        // The balance of such a user is that of the panel: Paxyo has only added up what was refunded.
        if (($account['mode'] ?? 'kept') === 'external') {
            return;
        }
        $table = $this->database->quote($this->tables->prefix . 'accounts');
        $insert = "INSERT INTO $table (user_id) VALUES (?)" . $this->database->unlessExists('user_id');
        $this->database->execute($insert, [$userId]);
        $select = "SELECT seq, updated_at FROM $table WHERE user_id = ?" . $this->database->forUpdate();
        [$knownSeq, $knownAt] = $this->database->row($select, [$userId]);
        // After a restore of Paxyo's database the numbers start earlier, and the times do not. After a copy the number decides alone.
        $isOlder = $seq <= (int) $knownSeq && ((string) $knownAt === '' || strcmp($at, (string) $knownAt) <= 0);
        if ($isOlder && !$isCopied) {
            return;
        }
        $this->update($userId, $account['balance']);
        $store = "UPDATE $table SET seq = ?, updated_at = ? WHERE user_id = ?";
        $this->database->execute($store, [$seq, $at, $userId]);
    }

    private function update(string $userId, string $amount): void
    {
        $users = $this->tables->users;
        if ($this->database->lockById($users['table'], $users['id'], $userId) !== null) {
            $table = $this->database->quote($users['table']);
            $id = $this->database->quote($users['id']);
            $balance = $this->database->quote($users['balance']);
            $this->database->execute("UPDATE $table SET $balance = ? WHERE $id = ?", [$amount, $userId]);
        } elseif (!$this->tables->skipsMissing) {
            throw new PaxyoMissingRowException("The table {$users['table']} has no user $userId, whose balance has changed.");
        }
    }
}
