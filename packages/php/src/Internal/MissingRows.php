<?php
declare(strict_types=1);

namespace Paxyo\Internal;

use Paxyo\PaxyoMissingRowException;

/**
 * Changes of the feed whose row is missing: they are set aside, so that the others are written, and are retried.
 *
 * Every statement has the whole state, so the newest one of each order, or of each account, is enough. When it is retried, the
 * difference to what was credited before is credited, as always; a state that is newer by then stays.
 */
final class MissingRows
{
    private const RETRIED_AT_ONCE_MAX = 100;

    private const RETRY_S_MIN = 60;

    private const RETRY_S_MAX = 900;

    private Database $database;

    private string $table;

    private ChangeWriter $writer;

    public function __construct(Database $database, Tables $tables)
    {
        $this->database = $database;
        $this->table = $database->quote($tables->prefix . 'missing');
        $this->writer = new ChangeWriter($database, $tables);
    }

    /**
     * Runs a write in a transaction of the caller, and sets the change aside when its row is missing. The writers throw before
     * they change the panel's tables, so nothing has to be rolled back.
     *
     * @param array<string, mixed> $change
     * @param callable(): mixed $write
     */
    public function orSetAside(array $change, callable $write): void
    {
        try {
            $write();
        } catch (PaxyoMissingRowException $error) {
            $this->setAside($change, $error);
        }
    }

    /** Retries the changes that are due. */
    public function retry(int $now): void
    {
        $due = $this->database->withExceptions(function () use ($now): array {
            $select = "SELECT subject FROM $this->table WHERE retry_at <= ? ORDER BY retry_at LIMIT " . self::RETRIED_AT_ONCE_MAX;
            return $this->database->rows($select, [$now]);
        });
        $failed = [];
        foreach ($due as [$subject]) {
            $error = $this->database->transaction(fn (): ?string => $this->retryOne((string) $subject, $now));
            if ($error !== null) {
                $failed[] = $error;
            }
        }
        if ($failed !== []) {
            error_log('paxyo changes wait for missing rows: ' . count($failed) . ', the first: ' . $failed[0]);
        }
    }

    /** @return array<int, array{subject: string, attempts: int, change: array<string, mixed>}> the oldest first */
    public function all(): array
    {
        $rows = $this->database->withExceptions(function (): array {
            $select = "SELECT subject, attempts, change_json FROM $this->table ORDER BY updated_at, subject";
            return $this->database->rows($select, []);
        });
        return array_map(static function (array $row): array {
            return ['subject' => (string) $row[0], 'attempts' => (int) $row[1], 'change' => Json::decode((string) $row[2])];
        }, $rows);
    }

    /** @param array<string, mixed> $change */
    private function setAside(array $change, PaxyoMissingRowException $error): void
    {
        $subject = isset($change['order']) ? 'order ' . $change['order']['orderId'] : 'account ' . $change['userId'];
        $updatedAt = $change['order']['updatedAt'] ?? $change['at'];
        $insert = "INSERT INTO $this->table (subject, retry_at) VALUES (?, ?)" . $this->database->unlessExists('subject');
        $this->database->execute($insert, [$subject, time() + self::RETRY_S_MIN]);
        $select = "SELECT seq, updated_at, change_json FROM $this->table WHERE subject = ?" . $this->database->forUpdate();
        [$seq, $knownAt, $json] = $this->database->row($select, [$subject]);
        if ($json === null) {
            error_log("paxyo change set aside, to be retried: {$error->getMessage()}");
        } elseif ($change['seq'] <= (int) $seq && strcmp($updatedAt, (string) $knownAt) <= 0) {
            return;
        }
        $this->database->execute(
            "UPDATE $this->table SET seq = ?, updated_at = ?, change_json = ? WHERE subject = ?",
            [$change['seq'], $updatedAt, json_encode($change, JSON_THROW_ON_ERROR), $subject]
        );
    }

    /** @return string|null why it still cannot be written */
    private function retryOne(string $subject, int $now): ?string
    {
        $select = "SELECT change_json, attempts FROM $this->table WHERE subject = ?" . $this->database->forUpdate();
        $row = $this->database->row($select, [$subject]);
        if ($row === null) {
            return null;
        }
        try {
            $this->writer->write(Json::decode((string) $row[0]));
            $this->database->execute("DELETE FROM $this->table WHERE subject = ?", [$subject]);
            return null;
        } catch (PaxyoMissingRowException $error) {
            $attempts = (int) $row[1] + 1;
            $retryAt = $now + min(self::RETRY_S_MIN * 2 ** min($attempts, 10), self::RETRY_S_MAX);
            $update = "UPDATE $this->table SET attempts = ?, retry_at = ? WHERE subject = ?";
            $this->database->execute($update, [$attempts, $retryAt, $subject]);
            return $error->getMessage();
        }
    }
}
