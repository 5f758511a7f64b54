<?php
declare(strict_types=1);

namespace Paxyo;

/** Tokens for browsers, signed on this server: no request to Paxyo is necessary. */
final class PaxyoToken
{
    private const SECRET_BYTES_MIN = 32;

    /**
     * A JWT (HS256) that lets a browser receive this user's orders, and no other user's. Take the user from the session,
     * never from the request.
     *
     * @param string $secret one of the gateway's JWT_SECRETS, at least 32 bytes
     * @param int $ttlSeconds the page fetches a new token before this one expires
     * @param string $audience the gateway's JWT_AUDIENCE
     */
    public static function mint(string $secret, string $userId, int $ttlSeconds = 300, string $audience = 'paxyo'): string
    {
        if (strlen($secret) < self::SECRET_BYTES_MIN) {
            throw new PaxyoException('The secret for tokens must have at least 32 bytes, as in JWT_SECRETS of the gateway.');
        }
        if ($userId === '' || $ttlSeconds < 1) {
            throw new PaxyoException('A token needs a user id, and a lifetime of at least one second.');
        }
        $now = time();
        $claims = ['sub' => $userId, 'aud' => $audience, 'iat' => $now, 'exp' => $now + $ttlSeconds];
        $signed = self::encode(['alg' => 'HS256', 'typ' => 'JWT']) . '.' . self::encode($claims);
        return $signed . '.' . self::base64Url(hash_hmac('sha256', $signed, $secret, true));
    }

    /** @param array<string, mixed> $part */
    private static function encode(array $part): string
    {
        return self::base64Url(Internal\Json::encode($part));
    }

    private static function base64Url(string $bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }
}
