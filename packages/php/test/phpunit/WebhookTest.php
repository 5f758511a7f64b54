<?php
declare(strict_types=1);

namespace Paxyo\Test;

use PHPUnit\Framework\TestCase;
use Paxyo\PaxyoException;
use Paxyo\PaxyoSignatureException;
use Paxyo\PaxyoWebhook;

final class WebhookTest extends TestCase
{
    // The example of the specification of Standard Webhooks.
    private const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

    private const OTHER_SECRET = 'whsec_bm90IHRoZSBzZWNyZXQgb2YgdGhpcyBlbmRwb2ludA==';

    private const NOW = 1614265330;

    private const BODY = '{"test": 2432232314}';

    private const HEADERS = [
        'webhook-id' => 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'webhook-timestamp' => '1614265330',
        'webhook-signature' => 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    ];

    /** @return array<string, string> */
    private static function sign(string $secret, string $body, int $now = self::NOW): array
    {
        $key = base64_decode(substr($secret, 6));
        $signature = base64_encode(hash_hmac('sha256', "msg_1.$now.$body", $key, true));
        return ['HTTP_WEBHOOK_ID' => 'msg_1', 'HTTP_WEBHOOK_TIMESTAMP' => (string) $now, 'HTTP_WEBHOOK_SIGNATURE' => "v1,$signature"];
    }

    public function testTheExampleOfTheSpecificationIsAuthentic(): void
    {
        $this->expectException(PaxyoException::class);
        $this->expectExceptionMessage('has no type and data');
        PaxyoWebhook::verify(self::BODY, self::HEADERS, self::SECRET, 300, self::NOW);
    }

    public function testAWebhookBecomesAChange(): void
    {
        $body = '{"type":"order.updated","timestamp":"2026-11-27T12:00:00.000Z","data":{"userId":"ann","seq":4,"order":{"orderId":"12"}}}';
        $wanted = [
            'id' => 'msg_1', 'type' => 'order.updated', 'at' => '2026-11-27T12:00:00.000Z', 'userId' => 'ann', 'seq' => 4,
            'order' => ['orderId' => '12'],
        ];
        $headers = self::sign(self::SECRET, $body);
        foreach ([self::SECRET, self::OTHER_SECRET . ', ' . self::SECRET, [self::SECRET, self::OTHER_SECRET]] as $secrets) {
            $this->assertSame($wanted, PaxyoWebhook::verify($body, $headers, $secrets, 300, self::NOW + 300));
        }
    }

    public function testTheSenderMayRotateToo(): void
    {
        $body = '{"type":"ping","timestamp":"","data":{}}';
        $headers = self::sign(self::SECRET, $body);
        $headers['HTTP_WEBHOOK_SIGNATURE'] = 'v1a,xyz v1,bm9uZQ== ' . $headers['HTTP_WEBHOOK_SIGNATURE'];
        $this->assertSame('ping', PaxyoWebhook::verify($body, $headers, self::SECRET, 300, self::NOW)['type']);
    }

    /** @return array<string, array{array<string, mixed>, string, string}> headers, body and message */
    public static function forgeries(): array
    {
        return [
            'another body' => [self::HEADERS, self::BODY . ' ', 'No signature matches'],
            'another id' => [['webhook-id' => 'msg_2'] + self::HEADERS, self::BODY, 'No signature matches'],
            'another time' => [['webhook-timestamp' => '1614265331'] + self::HEADERS, self::BODY, 'No signature matches'],
            'another version' => [['webhook-signature' => 'v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='] + self::HEADERS, self::BODY, 'No signature'],
            'no signature' => [['webhook-signature' => ''] + self::HEADERS, self::BODY, 'No signature matches'],
            'a list' => [['webhook-signature' => ['v1,']] + self::HEADERS, self::BODY, 'No signature matches'],
            'an old one' => [['webhook-timestamp' => '1614265029'] + self::HEADERS, self::BODY, 'more than 300 seconds'],
            'one of the future' => [['webhook-timestamp' => '1614265631'] + self::HEADERS, self::BODY, 'more than 300 seconds'],
            'no time' => [['webhook-timestamp' => '16142653.0'] + self::HEADERS, self::BODY, 'are missing'],
            'no headers' => [[], self::BODY, 'are missing'],
        ];
    }

    /**
     * @dataProvider forgeries
     * @param array<string, mixed> $headers
     */
    public function testForgeriesAreRejected(array $headers, string $body, string $message): void
    {
        $this->expectException(PaxyoSignatureException::class);
        $this->expectExceptionMessage($message);
        PaxyoWebhook::verify($body, $headers, [self::OTHER_SECRET, self::SECRET], 300, self::NOW);
    }

    /** @return array<string, array{string|string[], string}> */
    public static function wrongSecrets(): array
    {
        return [
            'none' => ['', 'no secret'],
            'no list' => [[], 'no secret'],
            'a password' => ['my password', 'whsec_'],
            'without prefix' => ['MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_'],
            'too short' => ['whsec_c2hvcnQ=', 'at least 24 bytes'],
            'no base64' => ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa*w', 'base64'],
        ];
    }

    /**
     * @dataProvider wrongSecrets
     * @param string|string[] $secrets
     */
    public function testAWrongSecretIsReportedAsOne($secrets, string $message): void
    {
        $this->expectException(PaxyoException::class);
        $this->expectExceptionMessage($message);
        PaxyoWebhook::verify(self::BODY, self::HEADERS, $secrets, 300, self::NOW);
    }
}
