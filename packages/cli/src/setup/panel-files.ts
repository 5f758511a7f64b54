import { apiUrl, publicUrl, type Choices } from './choices.ts'
import type { SetupSecrets } from './env-file.ts'

/** The tag for the panel's pages. */
export const scriptTag = (choices: Choices): string =>
  `<script src="${publicUrl(choices)}/paxyo.js" data-token-url="${tokenPath(choices)}"></script>\n`

export const tokenPath = ({ panel }: Pick<Choices, 'panel'>): string => (panel === 'php' ? '/token.php' : '/token')

/** The panel's settings, for a folder that the web server does not serve. */
export const phpSettings = (choices: Choices, { panelKey, jwtSecret }: SetupSecrets): string => `<?php
// Secrets of Paxyo. Keep this file outside of the folder that the web server serves: mode 600, owner www-data.
return [
    'api' => ${phpString(apiUrl(choices))},
    'panel_key' => ${phpString(panelKey)},
    'jwt_secret' => ${phpString(jwtSecret)},
];
`

const phpString = (text: string): string => `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`

/** The route of the panel that gives a signed-in user's page its token; for PHP 7.4 and newer, without a library. */
export const tokenPhp = (): string => `<?php
declare(strict_types=1);

// Returns a token for the signed-in user. Adapt the two marked lines to the panel.
$settings = require __DIR__ . '/../paxyo-settings.php'; // where this file is
session_start();
$userId = $_SESSION['user_id'] ?? null; // how the panel knows its user: never from the request

header('Content-Type: application/json');
header('Cache-Control: no-store');
if ($userId === null) {
    http_response_code(401);
    exit('{"error":"no user is signed in"}');
}
$encode = static fn (string $bytes): string => rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
$now = time();
$claims = ['sub' => (string) $userId, 'aud' => 'paxyo', 'iat' => $now, 'exp' => $now + 300];
$signed = $encode('{"alg":"HS256","typ":"JWT"}') . '.' . $encode(json_encode($claims, JSON_THROW_ON_ERROR));
echo json_encode(['token' => $signed . '.' . $encode(hash_hmac('sha256', $signed, $settings['jwt_secret'], true))]);
`
