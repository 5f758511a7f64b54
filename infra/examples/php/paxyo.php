<?php
declare(strict_types=1);

require_once __DIR__ . '/settings.php';

/** How long a browser's token is good for. The page fetches a new one before it ends. */
const PAXYO_TOKEN_SECONDS = 300;
/** Nobody waits longer than this for a page because of us. */
const PAXYO_CONNECT_MS = 1000;
const PAXYO_TIMEOUT_MS = 3000;

/** A JWT that lets a browser follow this user's orders, and nobody else's. */
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
 * Tells Paxyo of an order that you have passed on to the provider. Telling it twice does no harm, so try again when in
 * doubt.
 *
 * @param array $order orderId, providerOrderId, userId, service, link, quantity, charge (a string such as "2.50": a
 *                     float would lose digits) and currency
 * @throws RuntimeException with what is wrong, when it was not accepted
 */
function paxyo_register_order(array $order): array
{
    return paxyo_request('POST', '/v1/orders', $order);
}

/**
 * What Paxyo knows of a user now: the balance, the newest orders by order id, and the position in the user's stream to
 * go on from.
 *
 * The position is read first. An order that changes in between is then told to the page once more, which does no harm;
 * the other way round the page would miss it.
 *
 * @return array|null null when Paxyo can't be asked: show what you know, and the page is filled in a moment later
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

/** @throws RuntimeException when there is no answer, or one that says no */
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
    $answer = curl_exec($curl);
    $problem = curl_error($curl);
    $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    if ($answer === false) {
        throw new RuntimeException("Paxyo cannot be reached: $problem");
    }
    $decoded = json_decode($answer, true);
    if ($status >= 300 || !is_array($decoded)) {
        throw new RuntimeException("Paxyo answered $status: " . ($decoded['detail'] ?? $decoded['title'] ?? ''));
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
