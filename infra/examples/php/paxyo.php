<?php
declare(strict_types=1);

require_once __DIR__ . '/settings.php';

/** The lifetime of a browser's token. The page fetches a new one before it expires. */
const PAXYO_TOKEN_SECONDS = 300;
/** Paxyo never delays a page longer than this. */
const PAXYO_CONNECT_MS = 1000;
const PAXYO_TIMEOUT_MS = 3000;

/** A JWT that lets a browser receive this user's orders, and no other user's. */
function paxyo_token(string $userId): string
{
    $secret = setting('PAXYO_JWT_SECRET');
    if (strlen($secret) < 32) {
        throw new RuntimeException('PAXYO_JWT_SECRET must have at least 32 bytes');
    }
    $now = time();
    $claims = ['sub' => $userId, 'aud' => 'paxyo', 'iat' => $now, 'exp' => $now + PAXYO_TOKEN_SECONDS];
    $signed = base64url(paxyo_json(['alg' => 'HS256', 'typ' => 'JWT'])) . '.' . base64url(paxyo_json($claims));
    return $signed . '.' . base64url(hash_hmac('sha256', $signed, $secret, true));
}

/**
 * Registers an order. Registering it twice does no harm, so retry if you are not sure that it succeeded.
 *
 * @param array $order orderId, userId, service, link, quantity, charge (a string such as "2.50": a float would lose
 *                     digits) and currency; and providerOrderId, if the provider has accepted it already
 * @throws RuntimeException when the order was not accepted; the message says why
 */
function paxyo_register_order(array $order): array
{
    return paxyo_request('POST', '/v1/orders', $order);
}

/**
 * Attaches the provider's order number, after the provider has accepted the order, or has accepted it again. Attaching it
 * twice does no harm.
 *
 * @throws RuntimeException when the number was not attached; the message says why
 */
function paxyo_attach_provider_order(string $orderId, string $providerOrderId): array
{
    $path = '/v1/orders/' . rawurlencode($orderId) . '/provider-order';
    return paxyo_request('PUT', $path, ['providerOrderId' => $providerOrderId]);
}

/**
 * Cancels an order that the provider did not accept, and refunds its charge. Canceling it twice refunds it once.
 *
 * @throws RuntimeException when the order was not canceled; the message says why
 */
function paxyo_cancel_order(string $orderId, string $note): array
{
    $path = '/v1/orders/' . rawurlencode($orderId) . '/actions';
    return paxyo_request('POST', $path, ['action' => 'cancel', 'note' => $note]);
}

/**
 * A user's current state: the balance, the newest orders by order id, and the position in the user's stream to resume
 * from.
 *
 * It reads the position first. If an order changes in between, the page receives the change again, which does no harm;
 * in the other order the page would miss it.
 *
 * @return array|null null when Paxyo cannot be reached: render your own data, and a snapshot updates the page
 */
function paxyo_state(string $userId): ?array
{
    try {
        $id = rawurlencode($userId);
        ['account' => $account, 'epoch' => $epoch, 'seq' => $seq] = paxyo_request('GET', "/v1/accounts/$id");
        ['data' => $orders] = paxyo_request('GET', "/v1/orders?limit=100&userId=$id");
    } catch (RuntimeException $error) {
        return null;
    }
    return [
        'position' => "$epoch:$seq",
        'balance' => $account['balance'],
        'currency' => $account['currency'],
        'orders' => array_column($orders, null, 'orderId'),
    ];
}

/** @throws RuntimeException when there is no response, or an error response */
function paxyo_request(string $method, string $path, ?array $body = null): array
{
    $curl = curl_init(rtrim(setting('PAXYO_API'), '/') . $path);
    curl_setopt_array($curl, [
        CURLOPT_CUSTOMREQUEST => $method,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_CONNECTTIMEOUT_MS => PAXYO_CONNECT_MS,
        CURLOPT_TIMEOUT_MS => PAXYO_TIMEOUT_MS,
        CURLOPT_HTTPHEADER => ['Authorization: Bearer ' . setting('PAXYO_PANEL_KEY'), 'Content-Type: application/json'],
    ]);
    if ($body !== null) {
        curl_setopt($curl, CURLOPT_POSTFIELDS, paxyo_json($body));
    }
    $response = curl_exec($curl);
    $problem = curl_error($curl);
    $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    if ($response === false) {
        throw new RuntimeException("Paxyo cannot be reached: $problem");
    }
    $decoded = json_decode($response, true);
    if ($status >= 300 || !is_array($decoded)) {
        throw new RuntimeException("Paxyo responded $status: " . ($decoded['detail'] ?? $decoded['title'] ?? ''));
    }
    return $decoded;
}

function paxyo_json(array $value): string
{
    return json_encode($value, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
}

function base64url(string $bytes): string
{
    return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
}
