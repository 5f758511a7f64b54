<?php
declare(strict_types=1);

// The parts that your panel already has, in a minimal form: a login, a table of orders, and helpers for pages.

/** The logged-in user. This example logs in every visitor as "demo"; replace it with your own login. */
function current_user(bool $mayLogIn = false): ?string
{
    // Over http, as on your own machine, a browser would not send a secure cookie.
    $isHttps = ($_SERVER['HTTPS'] ?? 'off') !== 'off';
    session_start([
        'cookie_httponly' => true, 'cookie_secure' => $isHttps, 'cookie_samesite' => 'Lax', 'use_strict_mode' => true,
    ]);
    if ($mayLogIn) {
        $_SESSION['user_id'] ??= 'demo';
        $_SESSION['csrf'] ??= bin2hex(random_bytes(16));
    }
    return $_SESSION['user_id'] ?? null;
}

/** The user's orders, newest first. They are in a JSON file here, and in a table in your panel. */
function orders_of(string $userId): array
{
    $all = json_decode((string) @file_get_contents(orders_file()), true) ?: [];
    return array_reverse(array_filter($all, fn (array $order): bool => $order['userId'] === $userId));
}

function add_order(array $order): void
{
    $file = fopen(orders_file(), 'c+');
    if ($file === false || !flock($file, LOCK_EX)) {
        throw new RuntimeException('The orders cannot be written: is ' . dirname(orders_file()) . ' writable?');
    }
    $all = json_decode((string) stream_get_contents($file), true) ?: [];
    $all[] = $order;
    rewind($file);
    ftruncate($file, 0);
    fwrite($file, json_encode($all, JSON_THROW_ON_ERROR | JSON_PRETTY_PRINT));
    fclose($file);
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

/** Outside of the folder that the web server serves. */
function orders_file(): string
{
    $folder = getenv('PANEL_DATA_DIR') ?: sys_get_temp_dir();
    return "$folder/panel-orders.json";
}

/** Escapes text for HTML, also for an attribute. */
function h(string|int $text): string
{
    return htmlspecialchars((string) $text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
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
