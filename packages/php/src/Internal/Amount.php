<?php
declare(strict_types=1);

namespace Paxyo\Internal;

use Paxyo\PaxyoException;

/** Exact arithmetic with amounts such as "2.50": integers of 10⁻⁸ units, never floats. */
final class Amount
{
    private const DIGITS = 8;

    /** Amounts below 10,000,000,000: with eight decimals they fit into an integer of 64 bits. */
    private const WHOLE_DIGITS_MAX = 10;

    /**
     * Reads what the API sends, or what a column of a panel holds: a string, a number or null, which is zero.
     *
     * @param mixed $value
     */
    public static function toUnits($value): int
    {
        if ($value === null || $value === '') {
            return 0;
        }
        // Drivers return numbers of SQLite as floats, or as text such as 1.0e-05.
        $isFloat = is_float($value) || (is_string($value) && is_numeric($value) && stripos($value, 'e') !== false);
        $text = $isFloat ? number_format((float) $value, self::DIGITS, '.', '') : (string) $value;
        if (preg_match('/^(-?)0*(\d*)(?:\.(\d*))?$/D', $text, $parts) !== 1 || strlen($parts[2]) > self::WHOLE_DIGITS_MAX) {
            throw new PaxyoException("\"$text\" is not an amount such as \"2.50\".");
        }
        $fraction = substr(str_pad($parts[3] ?? '', self::DIGITS, '0'), 0, self::DIGITS);
        $units = (int) ($parts[2] . $fraction);
        return $parts[1] === '-' ? -$units : $units;
    }

    /**
     * Rounds as databases do, half away from zero.
     *
     * @param int|null $decimals how many decimals a column has; null when it does not round
     */
    public static function round(int $units, ?int $decimals): int
    {
        if ($decimals === null || $decimals >= self::DIGITS) {
            return $units;
        }
        $step = 10 ** (self::DIGITS - $decimals);
        $half = $units < 0 ? -intdiv($step, 2) : intdiv($step, 2);
        return intdiv($units + $half, $step) * $step;
    }

    public static function fromUnits(int $units): string
    {
        $digits = str_pad((string) abs($units), self::DIGITS + 1, '0', STR_PAD_LEFT);
        $fraction = rtrim(substr($digits, -self::DIGITS), '0');
        $whole = ($units < 0 ? '-' : '') . substr($digits, 0, -self::DIGITS);
        return $fraction === '' ? $whole : "$whole.$fraction";
    }
}
