<?php
declare(strict_types=1);

require __DIR__ . '/../paxyo.php';
require __DIR__ . '/../panel.php';

// The page's script requests this with the user's session cookie, which identifies the user.
header('Content-Type: application/json');
header('Cache-Control: no-store');
$userId = current_user();
if ($userId === null) {
    http_response_code(401);
    exit('{"error":"no user is logged in"}');
}
echo paxyo_json(['token' => paxyo_token($userId)]);
