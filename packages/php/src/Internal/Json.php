<?php
declare(strict_types=1);

namespace Paxyo\Internal;

use Paxyo\PaxyoException;

final class Json
{
    /** @param array<int|string, mixed> $value */
    public static function encode(array $value): string
    {
        try {
            return json_encode($value, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
        } catch (\JsonException $error) {
            throw new PaxyoException('This cannot be sent as JSON (is all text UTF-8?): ' . $error->getMessage(), 0, $error);
        }
    }

    /** @return array<int|string, mixed>|null null when the text is not a JSON object or array */
    public static function decode(string $text): ?array
    {
        // A number beyond 64 bits keeps its digits.
        $value = json_decode($text, true, 64, JSON_BIGINT_AS_STRING);
        return is_array($value) ? $value : null;
    }
}
