<?php
declare(strict_types=1);

namespace Paxyo\Test;

use PHPUnit\Framework\TestCase;
use Paxyo\PaxyoException;
use Paxyo\PaxyoToken;

final class TokenTest extends TestCase
{
    private const SECRET = 'change-me-to-32-random-bytes-or-more';

    public function testATokenNamesItsUserAndExpires(): void
    {
        $before = time();
        [$header, $claims, $signature] = explode('.', PaxyoToken::mint(self::SECRET, 'äé/ü?user', 60));
        $decode = static fn (string $part): array => json_decode(base64_decode(strtr($part, '-_', '+/')), true);
        $this->assertSame(['alg' => 'HS256', 'typ' => 'JWT'], $decode($header));
        ['sub' => $sub, 'aud' => $aud, 'iat' => $iat, 'exp' => $exp] = $decode($claims);
        $this->assertSame(['äé/ü?user', 'paxyo', 60], [$sub, $aud, $exp - $iat]);
        $this->assertGreaterThanOrEqual($before, $iat);
        $expected = hash_hmac('sha256', "$header.$claims", self::SECRET, true);
        $this->assertSame(rtrim(strtr(base64_encode($expected), '+/', '-_'), '='), $signature);
    }

    public function testAShortSecretIsRejected(): void
    {
        $this->expectException(PaxyoException::class);
        $this->expectExceptionMessage('at least 32 bytes');
        PaxyoToken::mint('short', 'ann');
    }

    public function testATokenWithoutAUserIsRejected(): void
    {
        $this->expectException(PaxyoException::class);
        PaxyoToken::mint(self::SECRET, '');
    }
}
