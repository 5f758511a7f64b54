<?php
declare(strict_types=1);

namespace Paxyo\Internal;

use Paxyo\PaxyoException;

/** The tables of this package in a panel's database. */
final class Schema
{
    /** The feed has one cursor. */
    private const FEED = 'changes';

    private Database $database;

    private Tables $tables;

    public function __construct(Database $database, Tables $tables)
    {
        $this->database = $database;
        $this->tables = $tables;
    }

    public static function create(Database $database, Tables $tables): void
    {
        $isMySql = $database->driver() === 'mysql';
        // Ids are compared byte by byte, whatever the collation of the database.
        $id = $isMySql ? 'varchar(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin' : 'varchar(128)';
        // SQLite has no decimal numbers: as text they are exact.
        $amount = $database->driver() === 'sqlite' ? 'text' : 'decimal(20, 8)';
        $order = "order_id $id NOT NULL PRIMARY KEY, seq bigint NOT NULL DEFAULT 0, "
            . "updated_at varchar(32) NOT NULL DEFAULT '', credited $amount NULL";
        $account = "user_id $id NOT NULL PRIMARY KEY, seq bigint NOT NULL DEFAULT 0, "
            . "updated_at varchar(32) NOT NULL DEFAULT ''";
        $feed = "name $id NOT NULL PRIMARY KEY, feed_cursor varchar(64) NOT NULL";
        $subject = str_replace('128', '160', $id);
        $missing = "subject $subject NOT NULL PRIMARY KEY, seq bigint NOT NULL DEFAULT 0, "
            . "updated_at varchar(32) NOT NULL DEFAULT '', change_json text NULL, attempts int NOT NULL DEFAULT 0, "
            . 'retry_at bigint NOT NULL DEFAULT 0';
        $all = ['orders' => $order, 'accounts' => $account, 'feed' => $feed, 'missing' => $missing];
        $database->withExceptions(static function () use ($database, $tables, $isMySql, $all): void {
            foreach ($all as $name => $columns) {
                $table = $database->quote($tables->prefix . $name);
                $database->execute("CREATE TABLE IF NOT EXISTS $table ($columns)" . ($isMySql ? ' ENGINE=InnoDB' : ''));
            }
            if ($isMySql) {
                self::checkEngine($database, (string) $tables->orders['table']);
                self::checkEngine($database, (string) $tables->users['table']);
                self::checkStatuses($database, $tables);
            }
        });
    }

    public function readCursor(): ?string
    {
        return $this->database->withExceptions(function (): ?string {
            $table = $this->database->quote($this->tables->prefix . 'feed');
            $row = $this->database->row("SELECT feed_cursor FROM $table WHERE name = ?", [self::FEED]);
            return $row === null ? null : (string) $row[0];
        });
    }

    public function storeCursor(string $cursor): void
    {
        $table = $this->database->quote($this->tables->prefix . 'feed');
        $insert = "INSERT INTO $table (name, feed_cursor) VALUES (?, ?)" . $this->database->unlessExists('name');
        $this->database->execute($insert, [self::FEED, $cursor]);
        $this->database->execute("UPDATE $table SET feed_cursor = ? WHERE name = ?", [$cursor, self::FEED]);
    }

    /** Without strict mode, MySQL stores an empty status in the place of one that an ENUM does not have. */
    private static function checkStatuses(Database $database, Tables $tables): void
    {
        ['table' => $table, 'status' => $column] = $tables->orders;
        $parts = explode('.', (string) $table);
        $row = $database->row(
            'SELECT column_type FROM information_schema.columns WHERE table_name = ? AND table_schema = COALESCE(?, database()) '
            . 'AND column_name = ?',
            [array_pop($parts), array_pop($parts), $column]
        );
        $type = (string) ($row[0] ?? '');
        if (strncasecmp($type, 'enum(', 5) !== 0) {
            return;
        }
        $missing = array_filter($tables->words(), static function ($word) use ($type): bool {
            return is_string($word) && stripos($type, "'" . str_replace("'", "''", $word) . "'") === false;
        });
        if ($missing !== []) {
            $words = '"' . implode('", "', array_unique($missing)) . '"';
            throw new PaxyoException(
                "The ENUM of $table.$column does not have $words: add what is missing, or name the panel's words in 'statuses'."
            );
        }
    }

    /** A table of MyISAM is not part of a transaction: a refund could be credited twice. */
    private static function checkEngine(Database $database, string $table): void
    {
        $parts = explode('.', $table);
        $row = $database->row(
            'SELECT engine FROM information_schema.tables WHERE table_name = ? AND table_schema = COALESCE(?, database())',
            [array_pop($parts), array_pop($parts)]
        );
        if ($row !== null && strcasecmp((string) $row[0], 'InnoDB') !== 0) {
            throw new PaxyoException("The table $table is not transactional: run ALTER TABLE $table ENGINE=InnoDB.");
        }
    }
}
