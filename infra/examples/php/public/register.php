<?php
declare(strict_types=1);

use Paxyo\PaxyoException;

require __DIR__ . '/../settings.php';
require __DIR__ . '/../panel.php';

// The target of the form in smm.php: debits the charge and inserts the order, registers it, places it with the provider, and
// attaches the provider's order number. If the provider rejects the order, it is canceled, and its charge comes back by the
// webhook. After an error the same request can be repeated, with the same order id: nothing happens twice.
const PRICE_PER_THOUSAND_CENTS = 250;

$userId = current_user();
if ($_SERVER['REQUEST_METHOD'] !== 'POST' || $userId === null || !hash_equals($_SESSION['csrf'], $_POST['csrf'] ?? '')) {
    http_response_code(403);
    exit('Open smm.php and place the order there.');
}
$quantity = filter_var($_POST['quantity'] ?? '', FILTER_VALIDATE_INT, ['options' => ['min_range' => 10, 'max_range' => 100000]]);
$link = filter_var($_POST['link'] ?? '', FILTER_VALIDATE_URL);
$providerOrderId = $_POST['providerOrderId'] ?? '';
if ($quantity === false || $link === false || preg_match('/^\d{1,20}$/D', $providerOrderId) !== 1) {
    http_response_code(422);
    exit('A link, a quantity of 10 to 100,000 and the provider’s order number are required.');
}
// In integers: 10 units cost 2.5 cents.
$charge = $quantity * PRICE_PER_THOUSAND_CENTS;
$order = [
    'orderId' => 'P-' . $providerOrderId,
    'userId' => $userId,
    'service' => 'Instagram followers',
    'link' => $link,
    'quantity' => $quantity,
    'charge' => sprintf('%d.%05d', intdiv($charge, 100000), $charge % 100000),
    'currency' => 'USD',
];
if (!buy($order)) {
    http_response_code(402);
    exit('Your balance is too low.');
}
try {
    paxyo()->registerOrder($order);
    $accepted = place_with_provider($order);
    if ($accepted === null) {
        paxyo()->cancelOrder($order['orderId'], 'rejected by the provider');
        exit('The provider rejected the order. Its charge is refunded.');
    }
    store_provider_order($order['orderId'], $accepted);
    paxyo()->attachProviderOrder($order['orderId'], $accepted);
} catch (PaxyoException $error) {
    error_log($error->getMessage());
    http_response_code(502);
    exit('The order could not be placed. Please retry.');
}
header('Location: smm.php', true, 303);
