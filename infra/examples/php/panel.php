<?php
declare(strict_types=1);

// The parts that your panel already has, in a minimal form: a login, a table of orders, and helpers for pages.

/** The logged-in user. This example logs in every visitor as "maria"; replace it with your own login. */
function current_user(bool $mayLogIn = false): ?string
{
    // Over http, as on your own machine, a browser would not send a secure cookie.
    $isHttps = ($_SERVER['HTTPS'] ?? 'off') !== 'off';
    session_start([
        'cookie_httponly' => true, 'cookie_secure' => $isHttps, 'cookie_samesite' => 'Lax', 'use_strict_mode' => true,
    ]);
    if ($mayLogIn) {
        $_SESSION['user_id'] ??= 'maria';
        $_SESSION['csrf'] ??= bin2hex(random_bytes(16));
        open_account($_SESSION['user_id']);
    }
    return $_SESSION['user_id'] ?? null;
}

/** The logged-in user, for a response in JSON; without one, it responds with 401 and ends. */
function user_of_json_request(): string
{
    header('Content-Type: application/json');
    header('Cache-Control: no-store');
    $userId = current_user();
    if ($userId === null) {
        http_response_code(401);
        exit('{"error":"no user is logged in"}');
    }
    return $userId;
}

/** The user's orders, newest first. */
function orders_of(string $userId): array
{
    $select = panel_db()->prepare('SELECT * FROM orders WHERE user_id = ? ORDER BY id DESC LIMIT 100');
    $select->execute([$userId]);
    return $select->fetchAll();
}

/** The user's order, and never another user's. */
function order_of(string $userId, string $orderId): ?array
{
    $select = panel_db()->prepare('SELECT * FROM orders WHERE user_id = ? AND id = ?');
    $select->execute([$userId, $orderId]);
    return $select->fetch() ?: null;
}

function balance_of(string $userId): string
{
    $select = panel_db()->prepare('SELECT balance FROM users WHERE id = ?');
    $select->execute([$userId]);
    return amount($select->fetchColumn());
}

/**
 * Debits the charge, and inserts the order, together; once, also when it is repeated.
 *
 * @return bool false when the balance is too low
 */
function buy(array $order): bool
{
    if (order_of($order['userId'], $order['orderId']) !== null) {
        return true;
    }
    $db = panel_db();
    $db->beginTransaction();
    $debit = $db->prepare('UPDATE users SET balance = round(balance - ?, 8) WHERE id = ? AND balance >= ?');
    $debit->execute([$order['charge'], $order['userId'], $order['charge']]);
    if ($debit->rowCount() === 0) {
        $db->rollBack();
        return false;
    }
    $columns = '(id, user_id, service, link, quantity, charge, currency)';
    $insert = $db->prepare("INSERT INTO orders $columns VALUES (?, ?, ?, ?, ?, ?, ?)");
    ['orderId' => $id, 'userId' => $userId, 'service' => $service, 'link' => $link] = $order;
    $insert->execute([$id, $userId, $service, $link, $order['quantity'], $order['charge'], $order['currency']]);
    $db->commit();
    return true;
}

/** Stores the number that the provider gave to an order. */
function store_provider_order(string $orderId, string $providerOrderId): void
{
    panel_db()->prepare('UPDATE orders SET provider_order_id = ? WHERE id = ?')->execute([$providerOrderId, $orderId]);
}

/** Opens an account with $100.00 for a new user of this example. */
function open_account(string $userId): void
{
    try {
        panel_db()->prepare('INSERT INTO users (id, balance) VALUES (?, 100)')->execute([$userId]);
    } catch (PDOException $error) {
        if (strncmp((string) $error->getCode(), '23', 2) !== 0) {
            throw $error;
        }
        // The user has one.
    }
}

/**
 * Places an order with the provider: your panel calls the provider's API here. In this example the form contains the
 * provider's order number, so that you can try a webhook with it.
 *
 * @return string|null the provider's order number; null when the provider has rejected the order
 * @throws RuntimeException when it is unknown whether the provider has the order
 */
function place_with_provider(array $order): ?string
{
    return preg_match('/^\d{1,20}$/', $_POST['providerOrderId'] ?? '') === 1 ? $_POST['providerOrderId'] : null;
}

/**
 * Escapes text for HTML, also for an attribute.
 *
 * @param string|int $text
 */
function h($text): string
{
    return htmlspecialchars((string) $text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
}

/**
 * An amount of the database without zeros at its end: "2.5" for "2.50000000".
 *
 * @param string|float|int $value SQLite has numbers, the others have text
 */
function amount($value): string
{
    $text = is_float($value) ? number_format($value, 8, '.', '') : (string) $value;
    return strpos($text, '.') === false ? $text : rtrim(rtrim($text, '0'), '.');
}

/** Formats an amount with all its digits, at least two after the point. It never uses a float. */
function money(string $amount, string $currency): string
{
    [$whole, $fraction] = explode('.', $amount . '.');
    $whole = strrev(implode(',', str_split(strrev($whole), 3)));
    $number = $whole . '.' . str_pad($fraction, 2, '0');
    return $currency === 'USD' ? "\$$number" : "$number $currency";
}

/** The delivered part, in percent. */
function percent(array $order): int
{
    if ($order['status'] === 'completed') {
        return 100;
    }
    $delivered = $order['quantity'] - ($order['remains'] ?? $order['quantity']);
    return (int) floor(100 * max(0, min($order['quantity'], $delivered)) / $order['quantity']);
}
