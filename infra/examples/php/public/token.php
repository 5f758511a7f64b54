<?php
declare(strict_types=1);

require __DIR__ . '/../paxyo.php';
require __DIR__ . '/../panel.php';

// The page asks for this by itself, with the user's session cookie: that is how we know who it is.
header('Content-Type: application/json');
header('Cache-Control: no-store');
$userId = current_user();
if ($userId === null) {
    http_response_code(401);
    exit('{"error":"nobody is logged in"}');
}
echo paxyo_json(['token' => paxyo_token($userId)]);
