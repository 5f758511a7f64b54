<?php
declare(strict_types=1);

namespace Paxyo\Internal;

use PDO;
use PDOException;
use PDOStatement;
use Paxyo\PaxyoException;

/** What differs between MySQL, MariaDB, PostgreSQL and SQLite, and transactions that are repeated after a deadlock. */
final class Database
{
    private const ATTEMPTS = 10;

    /** Serialization failure, deadlock and lock timeout, of PostgreSQL and MySQL. */
    private const RETRIED_STATES = ['40001', '40P01', '55P03'];

    /** Deadlock and lock timeout of MySQL, whose state is general; busy and locked of SQLite. */
    private const RETRIED_CODES = ['mysql' => [1205, 1213], 'sqlite' => [5, 6], 'pgsql' => []];

    /** What the states of PostgreSQL begin with when a value does not fit to a type. */
    private const DATA_EXCEPTION = '22';

    private PDO $pdo;

    private string $driver;

    /** @var array<string, PDOStatement> */
    private array $statements = [];

    /** @var array<string, int|null> */
    private array $decimals = [];

    public function __construct(PDO $pdo)
    {
        $this->pdo = $pdo;
        $this->driver = (string) $pdo->getAttribute(PDO::ATTR_DRIVER_NAME);
        if (!array_key_exists($this->driver, self::RETRIED_CODES)) {
            throw new PaxyoException("PaxyoSync works with mysql, pgsql and sqlite, not with $this->driver.");
        }
    }

    public function driver(): string
    {
        return $this->driver;
    }

    /** A name as SQL: `orders`, or `shop.orders` in two parts. */
    public function quote(string $name): string
    {
        $mark = $this->driver === 'mysql' ? '`' : '"';
        return implode('.', array_map(static function (string $part) use ($mark): string {
            return $mark . str_replace($mark, $mark . $mark, $part) . $mark;
        }, explode('.', $name)));
    }

    /** Ends a SELECT that locks its rows. SQLite locks the whole database instead. */
    public function forUpdate(): string
    {
        return $this->driver === 'sqlite' ? '' : ' FOR UPDATE';
    }

    /** The rest of an INSERT that locks the row when it exists. */
    public function unlessExists(string $key): string
    {
        return $this->driver === 'mysql'
            ? " ON DUPLICATE KEY UPDATE $key = $key"
            : " ON CONFLICT ($key) DO UPDATE SET $key = excluded.$key";
    }

    /** An expression that adds a parameter to a column, exactly as far as the type of the column allows. */
    public function plus(string $column): string
    {
        $sums = [
            'mysql' => "COALESCE($column, 0) + CAST(? AS DECIMAL(28, 8))",
            'pgsql' => "COALESCE($column, 0) + CAST(? AS numeric)",
            'sqlite' => "round(COALESCE($column, 0) + CAST(? AS REAL), 8)",
        ];
        return $sums[$this->driver];
    }

    /**
     * @return int|null how many decimals a column has; null when it does not round, as no column of SQLite does
     */
    public function decimals(string $table, string $column): ?int
    {
        if ($this->driver === 'sqlite') {
            return null;
        }
        $key = "$table\n$column";
        if (!array_key_exists($key, $this->decimals)) {
            [$scale] = $this->driver === 'mysql' ? $this->mySqlScale($table, $column) : $this->postgresScale($table, $column);
            $this->decimals[$key] = $scale === null ? null : (int) $scale;
        }
        return $this->decimals[$key];
    }

    /**
     * Runs work in a transaction, again after a deadlock; or in the one that the caller has begun.
     *
     * @template T
     * @param callable(): T $work
     * @return T
     */
    public function transaction(callable $work)
    {
        return $this->withExceptions(function () use ($work) {
            if ($this->pdo->inTransaction()) {
                return $work();
            }
            for ($attempt = 1; ; $attempt++) {
                try {
                    $this->begin();
                    $result = $work();
                    $this->commit();
                    return $result;
                } catch (\Throwable $error) {
                    $this->rollBack();
                    if (!$this->isRetried($error) || $attempt === self::ATTEMPTS) {
                        throw $error;
                    }
                    usleep(random_int(1000, 5000) * $attempt);
                }
            }
        });
    }

    /** @param array<int, string|int|null> $parameters */
    public function execute(string $sql, array $parameters = []): void
    {
        $this->run($sql, $parameters)->closeCursor();
    }

    /**
     * @param array<int, string|int|null> $parameters
     * @return array<int, mixed>|null the first row, by number
     */
    public function row(string $sql, array $parameters): ?array
    {
        $statement = $this->run($sql, $parameters);
        $row = $statement->fetch(PDO::FETCH_NUM);
        $statement->closeCursor();
        return $row === false ? null : $row;
    }

    /**
     * @param array<int, string|int|null> $parameters
     * @return array<int, array<int, mixed>> all rows, by number
     */
    public function rows(string $sql, array $parameters): array
    {
        return $this->run($sql, $parameters)->fetchAll(PDO::FETCH_NUM);
    }

    /**
     * Locks the row of a panel's table that has an id.
     *
     * @param string[] $columns the names of columns
     * @return array<int, mixed>|null the columns
     */
    public function lockById(string $table, string $id, string $value, array $columns = []): ?array
    {
        $name = $this->quote($id);
        $selected = implode(', ', [$name, ...array_map([$this, 'quote'], $columns)]);
        $select = "SELECT $selected FROM " . $this->quote($table) . " WHERE $name = ?" . $this->forUpdate();
        $row = $this->driver === 'pgsql' ? $this->rowUnlessOtherType($select, $value) : $this->row($select, [$value]);
        // MySQL finds the row 12 for the text "12a".
        return $row !== null && (string) $row[0] === $value ? array_slice($row, 1) : null;
    }

    /** Runs work with errors as exceptions, which they are not by default in PHP 7, and leaves the caller's mode as it was. */
    public function withExceptions(callable $work)
    {
        $mode = $this->pdo->getAttribute(PDO::ATTR_ERRMODE);
        $this->pdo->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
        try {
            return $work();
        } finally {
            $this->pdo->setAttribute(PDO::ATTR_ERRMODE, $mode);
        }
    }

    /** @param array<int, string|int|null> $parameters */
    private function run(string $sql, array $parameters): PDOStatement
    {
        $this->statements[$sql] = $this->statements[$sql] ?? $this->pdo->prepare($sql);
        $statement = $this->statements[$sql];
        $statement->execute($parameters);
        return $statement;
    }

    /**
     * PostgreSQL compares no text such as "A-1" with a column of numbers: that is an error, after which a transaction can only be
     * rolled back. No row has such an id.
     *
     * @return array<int, mixed>|null
     */
    private function rowUnlessOtherType(string $select, string $value): ?array
    {
        $this->pdo->exec('SAVEPOINT paxyo');
        try {
            $row = $this->row($select, [$value]);
        } catch (PDOException $error) {
            if (strncmp((string) $error->getCode(), self::DATA_EXCEPTION, 2) !== 0) {
                throw $error;
            }
            $this->pdo->exec('ROLLBACK TO SAVEPOINT paxyo');
            $row = null;
        }
        $this->pdo->exec('RELEASE SAVEPOINT paxyo');
        return $row;
    }

    /** @return array{0: mixed} */
    private function mySqlScale(string $table, string $column): array
    {
        $parts = explode('.', $table);
        $scale = "SELECT numeric_scale FROM information_schema.columns WHERE table_name = ? "
            . "AND table_schema = COALESCE(?, database()) AND column_name = ? AND data_type <> 'double' AND data_type <> 'float'";
        return $this->row($scale, [array_pop($parts), array_pop($parts), $column]) ?? [null];
    }

    /** @return array{0: mixed} */
    private function postgresScale(string $table, string $column): array
    {
        // The scale of a decimal is in the lower half of its type's modifier, which is -1 without a precision.
        $scale = 'SELECT CASE WHEN atttypmod > 0 THEN (atttypmod - 4) & 2047 END FROM pg_attribute '
            . "WHERE attrelid = to_regclass(?) AND attname = ? AND atttypid = 'numeric'::regtype";
        return $this->row($scale, [$this->quote($table), $column]) ?? [null];
    }

    private function begin(): void
    {
        // A transaction that reads before it writes must hold SQLite's lock from its start.
        if ($this->driver === 'sqlite') {
            $this->pdo->exec('BEGIN IMMEDIATE');
            return;
        }
        $this->pdo->beginTransaction();
    }

    private function commit(): void
    {
        if ($this->driver === 'sqlite') {
            $this->pdo->exec('COMMIT');
            return;
        }
        $this->pdo->commit();
    }

    private function rollBack(): void
    {
        try {
            if ($this->driver === 'sqlite') {
                $this->pdo->exec('ROLLBACK');
            } elseif ($this->pdo->inTransaction()) {
                $this->pdo->rollBack();
            }
        } catch (PDOException $error) {
            // The server has rolled it back already, or the connection is lost; the first error says why.
        }
    }

    private function isRetried(\Throwable $error): bool
    {
        if (!$error instanceof PDOException) {
            return false;
        }
        [$state, $code] = ((array) $error->errorInfo) + ['', 0];
        return in_array($state, self::RETRIED_STATES, true)
            || in_array((int) $code, self::RETRIED_CODES[$this->driver], true);
    }
}
