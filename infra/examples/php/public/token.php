<?php
declare(strict_types=1);

require __DIR__ . '/../settings.php';
require __DIR__ . '/../panel.php';

// The page's script requests this with the user's session cookie, which identifies the user.
$userId = user_of_json_request();
echo json_encode(['token' => Paxyo\PaxyoToken::mint(setting('PAXYO_JWT_SECRET'), $userId)]);
