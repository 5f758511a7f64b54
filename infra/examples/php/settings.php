<?php
declare(strict_types=1);

/**
 * Settings come from the environment, so that no secret is in a file that a web server might serve.
 *
 * PAXYO_GATEWAY   ws-gateway's URL for browsers, such as https://rt.example.com
 * PAXYO_API       webhook-ingest's URL for this server, such as http://10.0.0.5:8081
 * PAXYO_PANEL_KEY one of webhook-ingest's PANEL_API_KEYS
 * PAXYO_WEBHOOK_SECRET the secret of the endpoint of outgoing webhooks, or several with commas
 * PAXYO_JWT_SECRET one of ws-gateway's JWT_SECRETS, at least 32 bytes
 */
function setting(string $name): string
{
    $value = getenv($name);
    if ($value === false || $value === '') {
        throw new RuntimeException("$name is not set: see README.md");
    }
    return $value;
}
