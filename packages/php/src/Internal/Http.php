<?php
declare(strict_types=1);

namespace Paxyo\Internal;

use Paxyo\PaxyoApiException;
use Paxyo\PaxyoConnectionException;
use Paxyo\PaxyoException;

/** Sends requests with curl, and retries those that can succeed later. Every request is safe to repeat. */
final class Http
{
    private const RETRIED = [408, 429, 500, 502, 503, 504];

    private const RETRY_AFTER_S_MAX = 5;

    private string $url;

    private string $apiKey;

    /** @var array<string, mixed> */
    private array $options;

    /** @var resource|\CurlHandle|null kept, so that the connection is used again */
    private $curl = null;

    /** @param array<string, mixed> $options */
    public function __construct(string $url, string $apiKey, array $options)
    {
        if (preg_match('#^https?://[^/?\#]+/*$#D', $url) !== 1) {
            throw new PaxyoException("The URL of the API is not like https://api.example.com: \"$url\".");
        }
        if (preg_match('/^[\x21-\x7e]+$/D', $apiKey) !== 1) {
            throw new PaxyoException('The API key is empty, or has spaces or line breaks: copy it again.');
        }
        $this->url = rtrim($url, '/');
        $this->apiKey = $apiKey;
        $this->options = $options;
    }

    /**
     * @param array<int|string, mixed>|null $body
     * @return array<string, mixed>
     * @throws PaxyoConnectionException when there was no response
     * @throws PaxyoApiException when there was an error response
     */
    public function request(string $method, string $path, ?array $body, ?string $idempotencyKey, int $holdMs = 0): array
    {
        $json = $body === null ? null : Json::encode($body);
        for ($attempt = 1; ; $attempt++) {
            try {
                [$status, $text, $retryAfterS] = $this->send($method, $path, $json, $idempotencyKey, $holdMs);
                $decoded = Json::decode($text);
                if ($status < 300 && $decoded !== null) {
                    return $decoded;
                }
                $error = self::toException($status, $decoded ?? []);
                $isLast = !in_array($status, self::RETRIED, true) && $error->getErrorCode() !== 'idempotency_key_in_use';
            } catch (PaxyoConnectionException $error) {
                $retryAfterS = null;
                $isLast = false;
            }
            if ($isLast || $attempt >= $this->options['attempts']) {
                throw $error;
            }
            usleep(self::delayMs($attempt, $retryAfterS) * 1000);
        }
    }

    /** @return array{0: int, 1: string, 2: int|null} the status, the body, and the seconds of Retry-After */
    private function send(string $method, string $path, ?string $json, ?string $idempotencyKey, int $holdMs): array
    {
        $retryAfterS = null;
        $headers = ["Authorization: Bearer $this->apiKey", 'Accept: application/json', 'Expect:'];
        if ($json !== null) {
            $headers[] = 'Content-Type: application/json';
        }
        if ($idempotencyKey !== null) {
            $headers[] = "Idempotency-Key: $idempotencyKey";
        }
        $settings = [
            CURLOPT_URL => $this->url . $path,
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_CONNECTTIMEOUT_MS => $this->options['connectTimeoutMs'],
            CURLOPT_TIMEOUT_MS => $this->options['timeoutMs'] + $holdMs,
            CURLOPT_HTTPHEADER => $headers,
            CURLOPT_HEADERFUNCTION => static function ($curl, string $line) use (&$retryAfterS): int {
                if (preg_match('/^retry-after:\s*(\d{1,4})\s*$/i', $line, $match) === 1) {
                    $retryAfterS = (int) $match[1];
                }
                return strlen($line);
            },
        ];
        if ($json !== null) {
            $settings[CURLOPT_POSTFIELDS] = $json;
        }
        if ($this->options['caFile'] !== null) {
            $settings[CURLOPT_CAINFO] = $this->options['caFile'];
        }
        $this->curl = $this->curl ?? curl_init();
        curl_reset($this->curl);
        curl_setopt_array($this->curl, $settings);
        $text = curl_exec($this->curl);
        if (!is_string($text)) {
            throw new PaxyoConnectionException(
                "Paxyo cannot be reached at $this->url: " . curl_error($this->curl) . '. The request may have had its effect.'
            );
        }
        return [(int) curl_getinfo($this->curl, CURLINFO_RESPONSE_CODE), $text, $retryAfterS];
    }

    /** @param array<int|string, mixed> $problem */
    private static function toException(int $status, array $problem): PaxyoApiException
    {
        $code = is_string($problem['code'] ?? null) ? $problem['code'] : '';
        $texts = array_filter([$problem['title'] ?? null, $problem['detail'] ?? null], 'is_string');
        $text = $texts === [] ? 'The response is not from Paxyo: check the URL of the API.' : implode(' ', $texts);
        return new PaxyoApiException($status, $code, trim("Paxyo responded $status $code") . ": $text");
    }

    private static function delayMs(int $attempt, ?int $retryAfterS): int
    {
        if ($retryAfterS !== null) {
            return min($retryAfterS, self::RETRY_AFTER_S_MAX) * 1000;
        }
        return random_int(50, 100) * 2 ** $attempt;
    }
}
