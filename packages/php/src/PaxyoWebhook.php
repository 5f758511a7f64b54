<?php
declare(strict_types=1);

namespace Paxyo;

use Paxyo\Internal\Json;

/** Receives outgoing webhooks, which are signed according to Standard Webhooks. */
final class PaxyoWebhook
{
    private const PREFIX = 'whsec_';

    /**
     * Verifies the webhook in the current request, calls a handler, and responds: 204 when the handler has returned, 401
     * when Paxyo did not sign it, 500 when the handler throws or the script ends in it. Paxyo retries after anything but 2xx, so
     * a handler may throw whatever it likes; the message is written to PHP's error log. Types without a handler, such as `ping`,
     * get 204.
     *
     * @param string|string[] $secrets the secret of the endpoint; during a rotation several, also as one text with commas
     * @param callable|array<string, callable> $handlers one for all types, or one for each: `['order.updated' => …]`
     */
    public static function serve($secrets, $handlers): void
    {
        if (($_SERVER['REQUEST_METHOD'] ?? '') !== 'POST') {
            header('Allow: POST');
            self::respond(405, 'Paxyo sends webhooks here with POST.');
            return;
        }
        // For a handler that never returns: `exit`, such as in `or die()`, and an error that ends PHP would respond with 200.
        http_response_code(500);
        try {
            $change = self::verify((string) file_get_contents('php://input'), $_SERVER, $secrets);
            self::dispatch($change, $handlers);
            http_response_code(204);
        } catch (PaxyoSignatureException $error) {
            error_log('paxyo webhook rejected: ' . $error->getMessage());
            self::respond(401, 'The signature does not match.');
        } catch (\Throwable $error) {
            error_log('paxyo webhook failed: ' . $error->getMessage());
            self::respond(500, 'Not stored; the error log of PHP says why.');
        }
    }

    /**
     * @param string $body the bytes as they were received
     * @param array<string, mixed> $headers `$_SERVER`, or names such as `webhook-id` in any case
     * @param string|string[] $secrets
     * @param int $toleranceSeconds how far its timestamp may be from this server's clock
     * @return array<string, mixed> a change, as in the changes feed: `type`, `at`, and `order` or `account` …; its `id` is
     *     the same in every attempt
     * @throws PaxyoSignatureException when Paxyo did not sign it, or not now
     */
    public static function verify(
        string $body,
        array $headers,
        $secrets,
        int $toleranceSeconds = 300,
        ?int $now = null
    ): array {
        $headers = array_change_key_case($headers, CASE_LOWER);
        $read = static function (string $name) use ($headers): string {
            $value = $headers["webhook-$name"] ?? $headers["http_webhook_$name"] ?? '';
            return is_string($value) ? $value : '';
        };
        $id = $read('id');
        $time = $read('timestamp');
        if ($id === '' || preg_match('/^\d{1,12}$/D', $time) !== 1) {
            throw new PaxyoSignatureException('The headers webhook-id and webhook-timestamp are missing.');
        }
        if (abs(($now ?? time()) - (int) $time) > $toleranceSeconds) {
            throw new PaxyoSignatureException(
                "Its timestamp is more than $toleranceSeconds seconds from this server's clock: is the clock right?"
            );
        }
        if (!self::isSigned("$id.$time.$body", $read('signature'), self::keys($secrets))) {
            throw new PaxyoSignatureException('No signature matches: is this the secret of this endpoint?');
        }
        return self::toChange($id, $body);
    }

    /**
     * @param array<string, mixed> $change
     * @param callable|array<string, callable> $handlers
     */
    private static function dispatch(array $change, $handlers): void
    {
        $handler = is_callable($handlers) ? $handlers : ($handlers[$change['type']] ?? null);
        if ($handler !== null) {
            $handler($change);
        }
    }

    /** @param string[] $keys */
    private static function isSigned(string $signed, string $signatures, array $keys): bool
    {
        $isSigned = false;
        foreach ($keys as $key) {
            $expected = 'v1,' . base64_encode(hash_hmac('sha256', $signed, $key, true));
            foreach (explode(' ', $signatures) as $signature) {
                $isSigned = hash_equals($expected, $signature) || $isSigned;
            }
        }
        return $isSigned;
    }

    /**
     * @param string|string[] $secrets
     * @return string[]
     */
    private static function keys($secrets): array
    {
        $texts = array_filter(array_map('trim', is_array($secrets) ? $secrets : explode(',', $secrets)));
        if ($texts === []) {
            throw new PaxyoException('There is no secret for webhooks: set the one that was shown with the endpoint.');
        }
        return array_values(array_map(static function (string $text): string {
            $encoded = substr($text, strlen(self::PREFIX));
            $key = strncmp($text, self::PREFIX, strlen(self::PREFIX)) === 0 ? base64_decode($encoded, true) : false;
            if ($key === false || strlen($key) < 24 || rtrim(base64_encode($key), '=') !== rtrim($encoded, '=')) {
                throw new PaxyoException('A secret for webhooks is whsec_ and at least 24 bytes in base64.');
            }
            return $key;
        }, $texts));
    }

    /** @return array<string, mixed> */
    private static function toChange(string $id, string $body): array
    {
        $message = Json::decode($body);
        if (!is_string($message['type'] ?? null) || !is_array($message['data'] ?? null)) {
            throw new PaxyoException('The webhook has no type and data.');
        }
        return ['id' => $id, 'type' => $message['type'], 'at' => $message['timestamp'] ?? ''] + $message['data'];
    }

    private static function respond(int $status, string $text): void
    {
        http_response_code($status);
        header('Content-Type: text/plain; charset=utf-8');
        echo $text, "\n";
    }
}
