<?php
declare(strict_types=1);

require __DIR__ . '/../paxyo.php';
require __DIR__ . '/../panel.php';

// The target of the form in smm.php. Your panel debits the charge and places the order with the provider at this point;
// here the form contains the provider's order number, so that you can try a webhook with it.
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
    'providerOrderId' => $providerOrderId,
    'userId' => $userId,
    'service' => 'Instagram followers',
    'link' => $link,
    'quantity' => $quantity,
    'charge' => sprintf('%d.%05d', intdiv($charge, 100000), $charge % 100000),
    'currency' => 'USD',
];
try {
    paxyo_register_order($order);
    add_order($order);
} catch (RuntimeException $error) {
    error_log($error->getMessage());
    http_response_code(502);
    exit('The order could not be registered. Please retry.');
}
header('Location: smm.php', true, 303);
