import { publicUrl, scriptTag } from '@paxyo/web-server'
import { apiUrl, type Choices } from './choices.ts'
import type { SetupSecrets } from './env-file.ts'

/** The tag for the panel's pages. */
export const panelScriptTag = (choices: Choices): string =>
  scriptTag({
    gateway: publicUrl(choices),
    tokenUrl: tokenPath(choices),
    balanceUrl: choices.balance === 'external' ? balancePath(choices) : undefined,
  })

export const tokenPath = (choices: Pick<Choices, 'panel'>): string => routePath('token', choices)
export const balancePath = (choices: Pick<Choices, 'panel'>): string => routePath('balance', choices)

const routePath = (name: string, { panel }: Pick<Choices, 'panel'>): string =>
  `/${name}${panel === 'php' ? '.php' : ''}`

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

/** The route of the panel that gives a signed-in user's page its balance, which the panel keeps. */
export const balancePhp = (): string => `<?php
declare(strict_types=1);

// Returns the signed-in user's balance, which the panel keeps; the script requests it after a refund of the order. Adapt
// the marked lines to the panel.
session_start();
$userId = $_SESSION['user_id'] ?? null; // as in token.php

header('Content-Type: application/json');
header('Cache-Control: no-store');
if ($userId === null) {
    http_response_code(401);
    exit('{"error":"no user is signed in"}');
}
$db = new PDO('mysql:host=localhost;dbname=panel;charset=utf8mb4', 'panel', 'its password'); // the panel's own connection
$db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
$read = static function (string $query, array $values) use ($db): string {
    $select = $db->prepare($query);
    $select->execute($values);
    $amount = (string) $select->fetchColumn();
    return strpos($amount, '.') === false ? $amount : rtrim(rtrim($amount, '0'), '.'); // "0.75" for "0.75000000"
};
$balance = $read('SELECT balance FROM users WHERE id = ?', [$userId]); // the panel's tables
$refunded = $read('SELECT refunded FROM orders WHERE id = ? AND user_id = ?', [$_GET['orderId'] ?? '', $userId]);

[$whole, $fraction] = explode('.', $balance . '.');
$shown = '$' . $whole . '.' . str_pad($fraction, 2, '0'); // as the panel's pages show it
echo json_encode(['balance' => $shown, 'refunded' => $refunded === '' ? null : $refunded]);
`
