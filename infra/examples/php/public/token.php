<?php
declare(strict_types=1);

require __DIR__ . '/../settings.php';
require __DIR__ . '/../panel.php';

// The page's script requests this with the user's session cookie, which identifies the user.
header('Content-Type: application/json');
header('Cache-Control: no-store');
$userId = current_user();
if ($userId === null) {
    http_response_code(401);
    exit('{"error":"no user is logged in"}');
}
echo json_encode(['token' => Paxyo\PaxyoToken::mint(setting('PAXYO_JWT_SECRET'), $userId)]);
