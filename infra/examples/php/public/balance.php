<?php
declare(strict_types=1);

require __DIR__ . '/../settings.php';
require __DIR__ . '/../panel.php';

// The user's balance, which the panel keeps, and how much of an order is credited to it.
$userId = user_of_json_request();
$order = order_of($userId, (string) ($_GET['orderId'] ?? ''));
echo json_encode([
    'balance' => money(balance_of($userId), 'USD'),
    'refunded' => $order === null ? null : amount($order['refunded']),
]);
