<?php
declare(strict_types=1);

namespace Paxyo;

/** Follows the changes feed with a cursor that the caller stores. */
final class PaxyoFeed
{
    private const WAIT_S = 30;

    private const PAUSE_S_MAX = 30;

    /**
     * Passes pages of changes to a function, which stores them and the cursor in one transaction. Without a cursor, or when
     * it has become too old, it copies all orders first. While Paxyo cannot be reached, it retries.
     *
     * @param string|null $cursor the one that was stored last
     * @param array{
     *     changes: callable(array<int, array<string, mixed>>, string): void,
     *     copy: callable(array<int, array<string, mixed>>): void,
     *     accounts?: callable(array<int, array{account: array<string, mixed>, seq: int}>): void,
     *     begin?: callable(): void
     * } $handlers `changes` gets changes and a cursor, and may get no changes; `copy` gets a page of orders, and `accounts` one
     *     of accounts, which are copied only for it; `begin` is called before each copy
     * @param array{wait?: int, types?: string[], seconds?: int, until?: callable(): bool} $options `wait`: the seconds that a
     *     request is held; `seconds` and `until` end it
     * @throws PaxyoApiException when the API key is wrong, or a request is
     */
    public static function follow(PaxyoClient $client, ?string $cursor, array $handlers, array $options = []): void
    {
        $endsAt = isset($options['seconds']) ? microtime(true) + $options['seconds'] : INF;
        $failures = 0;
        while (microtime(true) < $endsAt && !(isset($options['until']) && $options['until']())) {
            $waitS = (int) max(0, min($options['wait'] ?? self::WAIT_S, $endsAt - microtime(true)));
            try {
                if ($cursor === null) {
                    $next = self::copy($client, $handlers);
                    $handlers['changes']([], $next);
                } else {
                    $page = $client->changes($cursor, $waitS, $options['types'] ?? []);
                    $next = $page['cursor'];
                    if ($next !== $cursor) {
                        $handlers['changes']($page['data'], $next);
                    }
                }
                $cursor = $next;
                $failures = 0;
            } catch (Internal\CopiedElsewhere $elsewhere) {
                $cursor = $elsewhere->cursor();
                if ($cursor === null) {
                    self::pause(++$failures, $elsewhere, $endsAt);
                }
            } catch (PaxyoConnectionException $error) {
                self::pause(++$failures, $error, $endsAt);
            } catch (PaxyoApiException $error) {
                if (in_array($error->getErrorCode(), ['cursor_expired', 'cursor_void'], true)) {
                    error_log('paxyo changes are copied: ' . $error->getMessage());
                    $cursor = null;
                } elseif ($error->getStatus() === 429 || $error->getStatus() >= 500) {
                    self::pause(++$failures, $error, $endsAt);
                } else {
                    throw $error;
                }
            }
        }
    }

    /**
     * @param array<string, callable> $handlers
     * @return string the cursor to continue at
     */
    private static function copy(PaxyoClient $client, array $handlers): string
    {
        if (isset($handlers['begin'])) {
            $handlers['begin']();
        }
        $cursor = $client->copyOrders($handlers['copy']);
        if (isset($handlers['accounts'])) {
            $client->copyAccounts($handlers['accounts'], $cursor);
        }
        return $cursor;
    }

    private static function pause(int $failures, PaxyoException $error, float $endsAt): void
    {
        if ($failures === 1) {
            error_log('paxyo changes are delayed: ' . $error->getMessage());
        }
        $seconds = min(2 ** min($failures - 1, 10), self::PAUSE_S_MAX, max(0, $endsAt - microtime(true)));
        usleep((int) ($seconds * 1000000));
    }
}
