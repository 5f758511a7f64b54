<?php
declare(strict_types=1);

namespace Paxyo;

use Paxyo\Internal\Http;

/**
 * The panel API of Paxyo. Each method can be repeated: nothing happens twice. A request that got no response, or an error
 * that passes, is retried with the same Idempotency-Key.
 */
final class PaxyoClient
{
    private const DEFAULTS = ['attempts' => 3, 'connectTimeoutMs' => 1000, 'timeoutMs' => 3000, 'caFile' => null];

    private const COPY_LIMIT = 100;

    private const HELD_MS = 10000;

    private Http $http;

    /**
     * @param string $url the URL of the API for this server, such as `http://10.0.0.5:8081`
     * @param string $apiKey an API key of the panel
     * @param array{attempts?: int, connectTimeoutMs?: int, timeoutMs?: int, caFile?: string|null} $options
     *     `attempts` (3) and their time limits bound how long Paxyo can delay a page
     */
    public function __construct(string $url, string $apiKey, array $options = [])
    {
        $unknown = array_diff_key($options, self::DEFAULTS);
        if ($unknown !== []) {
            throw new PaxyoException('There is no option "' . implode('", "', array_keys($unknown)) . '".');
        }
        $this->http = new Http($url, $apiKey, $options + self::DEFAULTS);
    }

    /**
     * Registers an order, also one that the provider does not have yet.
     *
     * @param array<string, mixed> $order orderId, userId, service, link, quantity, charge (a string such as "2.50") and
     *     currency; providerOrderId when the provider has accepted it already; `payment` => `account` takes the charge from
     *     the account that Paxyo keeps
     * @return array<string, mixed> `order`, and `seq` and `epoch`, its position in the user's stream
     * @throws PaxyoException when the order was not accepted; the message says why
     */
    public function registerOrder(array $order, ?string $idempotencyKey = null): array
    {
        if (is_float($order['charge'] ?? null)) {
            throw new PaxyoException('The charge is a float, which loses digits: pass a string such as "2.50".');
        }
        foreach (['orderId', 'userId', 'providerOrderId'] as $id) {
            if (is_int($order[$id] ?? null)) {
                $order[$id] = (string) $order[$id];
            }
        }
        return $this->post('/v1/orders', $order, $idempotencyKey);
    }

    /**
     * Attaches the provider's order number, after the provider has accepted the order, or has accepted it again.
     *
     * @param string|null $provider when there are several
     * @return array<string, mixed>
     */
    public function attachProviderOrder(string $orderId, string $providerOrderId, ?string $provider = null): array
    {
        $body = ['providerOrderId' => $providerOrderId] + ($provider === null ? [] : ['provider' => $provider]);
        return $this->http->request('PUT', '/v1/orders/' . rawurlencode($orderId) . '/provider-order', $body, null);
    }

    /**
     * Cancels an order that the provider did not accept, and refunds its charge.
     *
     * @return array<string, mixed>
     */
    public function cancelOrder(string $orderId, string $note, ?string $idempotencyKey = null): array
    {
        return $this->actOnOrder($orderId, ['action' => 'cancel', 'note' => $note], $idempotencyKey);
    }

    /**
     * @param array<string, mixed> $action `refund`, `cancel` or `set_status`, with a `note` and an `actor`. Pass your own
     *     key for a `refund` that may be repeated: two requests with different keys are two refunds
     * @return array<string, mixed>
     */
    public function actOnOrder(string $orderId, array $action, ?string $idempotencyKey = null): array
    {
        return $this->post('/v1/orders/' . rawurlencode($orderId) . '/actions', $action, $idempotencyKey);
    }

    /** Has a token for a user's browser signed by the API, so that this server needs no secret. */
    public function mintToken(string $userId, int $ttlSeconds = 300): string
    {
        return $this->post('/v1/tokens', ['userId' => $userId, 'ttlSeconds' => $ttlSeconds], null)['token'];
    }

    /**
     * @return array<string, mixed> `account`, and `seq` and `epoch`, the end of the user's stream
     */
    public function account(string $userId): array
    {
        return $this->get('/v1/accounts/' . rawurlencode($userId));
    }

    /**
     * A user's newest orders by order id, and the position in the user's stream to resume from. It reads the position first:
     * a change in between reaches the page again, which does no harm.
     *
     * @return array{position: string, account: array<string, mixed>|null, orders: array<string, array<string, mixed>>}
     */
    public function state(string $userId): array
    {
        try {
            $account = $this->account($userId);
        } catch (PaxyoApiException $error) {
            if ($error->getErrorCode() !== 'account_not_found') {
                throw $error;
            }
            // A user without an order so far: the page takes a snapshot.
            return ['position' => '', 'account' => null, 'orders' => []];
        }
        $orders = $this->get('/v1/orders', ['userId' => $userId, 'limit' => 100]);
        return [
            'position' => $account['epoch'] . ':' . $account['seq'],
            'account' => $account['account'],
            'orders' => array_column($orders['data'], null, 'orderId'),
        ];
    }

    /**
     * The changes after a cursor, in the order of their commits; without a cursor, only the cursor of now.
     *
     * @param int $waitSeconds up to 30: hold the request until there is a change
     * @param string[] $types all types when empty
     * @return array{data: array<int, array<string, mixed>>, cursor: string, hasMore: bool}
     * @throws PaxyoApiException with the code `cursor_expired` or `cursor_void` when a full copy is necessary
     */
    public function changes(?string $cursor, int $waitSeconds = 0, array $types = [], int $limit = 100): array
    {
        $query = ['limit' => $limit] + ($types === [] ? [] : ['types' => implode(',', $types)]);
        if ($cursor !== null) {
            $query += ['after' => $cursor, 'wait' => $waitSeconds];
        }
        return $this->get('/v1/changes', $query, $waitSeconds * 1000 + self::HELD_MS);
    }

    /**
     * Passes all orders to a function, page by page. Each has its `seq`: it contains all changes of its user up to there.
     *
     * @param callable(array<int, array<string, mixed>>): void $onOrders
     * @return string the cursor of changes to continue at: it was read before the first order
     */
    public function copyOrders(callable $onOrders, string $updatedAfter = '1970-01-01T00:00:00Z'): string
    {
        return $this->copy('/v1/orders', ['updatedAfter' => $updatedAfter], $onOrders)['changesCursor'];
    }

    /**
     * Passes all accounts to a function, page by page, each with its `account` and `seq`, as of {@see copyOrders()}.
     *
     * @param callable(array<int, array{account: array<string, mixed>, seq: int}>): void $onAccounts
     * @param string $changesCursor of a copy of the orders: the accounts contain all changes before it
     */
    public function copyAccounts(callable $onAccounts, string $changesCursor): void
    {
        $this->copy('/v1/accounts', ['changesCursor' => $changesCursor], $onAccounts);
    }

    /**
     * @param array<string, mixed> $query
     * @return array<string, mixed> the last page
     */
    private function copy(string $path, array $query, callable $onPage): array
    {
        $query['limit'] = self::COPY_LIMIT;
        do {
            $page = $this->get($path, $query, self::HELD_MS);
            if ($page['data'] !== []) {
                $onPage($page['data']);
            }
            $query['cursor'] = $page['nextCursor'];
        } while ($page['nextCursor'] !== null);
        return $page;
    }

    /**
     * @param array<string, mixed> $body
     * @return array<string, mixed>
     */
    private function post(string $path, array $body, ?string $idempotencyKey): array
    {
        return $this->http->request('POST', $path, $body, $idempotencyKey ?? bin2hex(random_bytes(16)));
    }

    /**
     * @param array<string, mixed> $query
     * @return array<string, mixed>
     */
    private function get(string $path, array $query = [], int $holdMs = 0): array
    {
        $suffix = $query === [] ? '' : '?' . http_build_query($query, '', '&', PHP_QUERY_RFC3986);
        return $this->http->request('GET', $path . $suffix, null, null, $holdMs);
    }
}
