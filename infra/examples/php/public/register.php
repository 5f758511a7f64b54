<?php
declare(strict_types=1);

require __DIR__ . '/../paxyo.php';
require __DIR__ . '/../panel.php';

// The target of the form in smm.php: registers the order, which is when your panel debits the charge, places it with the
// provider, and attaches the provider's order number. If the provider rejects the order, its charge is refunded. After an
// error the same request can be repeated, with the same order id: nothing happens twice.
const PRICE_PER_THOUSAND_CENTS = 250;

$userId = current_user();
if ($_SERVER['REQUEST_METHOD'] !== 'POST' || $userId === null || !hash_equals($_SESSION['csrf'], $_POST['csrf'] ?? '')) {
    http_response_code(403);
    exit('Open smm.php and place the order there.');
}
$quantity = filter_var($_POST['quantity'] ?? '', FILTER_VALIDATE_INT, ['options' => ['min_range' => 10, 'max_range' => 100000]]);
$link = filter_var($_POST['link'] ?? '', FILTER_VALIDATE_URL);
$providerOrderId = $_POST['providerOrderId'] ?? '';
if ($quantity === false || $link === false || preg_match('/^\d{1,20}$/', $providerOrderId) !== 1) {
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
try {
    paxyo_register_order($order);
    $accepted = place_with_provider($order);
    if ($accepted === null) {
        paxyo_cancel_order($order['orderId'], 'rejected by the provider');
        exit('The provider rejected the order. Its charge is refunded.');
    }
    paxyo_attach_provider_order($order['orderId'], $accepted);
    add_order($order + ['providerOrderId' => $accepted]);
} catch (RuntimeException $error) {
    error_log($error->getMessage());
    http_response_code(502);
    exit('The order could not be placed. Please retry.');
}
header('Location: smm.php', true, 303);
