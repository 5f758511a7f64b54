<?php
declare(strict_types=1);

namespace Paxyo\Test;

use PHPUnit\Framework\TestCase;
use Paxyo\Internal\CopiedElsewhere;
use Paxyo\PaxyoApiException;
use Paxyo\PaxyoClient;
use Paxyo\PaxyoConnectionException;
use Paxyo\PaxyoException;
use Paxyo\PaxyoFeed;

/**
 * What the client makes of responses that a server seldom gives. The environment names a server that responds as the path of
 * the request says, and repeats the headers and the body of the last one.
 *
 * @group server
 */
final class ClientTest extends TestCase
{
    private static function client(string $script, array $options = []): PaxyoClient
    {
        $url = (string) getenv('PAXYO_TEST_SERVER');
        file_get_contents("$url/script?" . rawurlencode($script));
        return new PaxyoClient($url, 'a-panel-api-key', $options);
    }

    /** @return array<int, array{method: string, path: string, key: string|null, body: string}> */
    private static function requests(): array
    {
        return json_decode(file_get_contents(getenv('PAXYO_TEST_SERVER') . '/requests'), true);
    }

    public function testARequestIsRetriedWithTheSameKeyUntilItSucceeds(): void
    {
        $client = self::client('503 reset 200');
        $client->registerOrder(['orderId' => 12, 'userId' => 7, 'charge' => '2.50']);
        $requests = self::requests();
        $this->assertCount(3, $requests);
        $this->assertSame(1, count(array_unique(array_column($requests, 'key'))));
        $this->assertMatchesRegularExpression('/^[0-9a-f]{32}$/', $requests[0]['key']);
        $this->assertSame('{"orderId":"12","userId":"7","charge":"2.50"}', $requests[2]['body']);
    }

    public function testItGivesUpAfterTheLastAttempt(): void
    {
        $client = self::client('503 503 503 200', ['attempts' => 2]);
        try {
            $client->cancelOrder('A/1', 'rejected', 'key-1');
            $this->fail('it succeeded');
        } catch (PaxyoApiException $error) {
            $this->assertSame([503, 'database_unavailable'], [$error->getStatus(), $error->getErrorCode()]);
            $this->assertStringContainsString('Paxyo responded 503 database_unavailable', $error->getMessage());
        }
        $requests = self::requests();
        $this->assertSame(['/v1/orders/A%2F1/actions', 'key-1'], [$requests[1]['path'], $requests[1]['key']]);
        $this->assertCount(2, $requests);
    }

    public function testAnErrorThatDoesNotPassIsNotRetried(): void
    {
        $client = self::client('409 200');
        try {
            $client->attachProviderOrder('A-1', '777', 'godofpanel');
            $this->fail('it succeeded');
        } catch (PaxyoApiException $error) {
            $this->assertSame('order_final', $error->getErrorCode());
        }
        $this->assertSame('{"providerOrderId":"777","provider":"godofpanel"}', self::requests()[0]['body']);
    }

    public function testAResponseOfAnotherServerIsReportedAsOne(): void
    {
        $client = self::client('html');
        $this->expectException(PaxyoApiException::class);
        $this->expectExceptionMessage('not from Paxyo');
        $client->account('ann');
    }

    public function testNoResponseIsReportedAsOne(): void
    {
        $client = new PaxyoClient('http://127.0.0.1:9', 'a-panel-api-key', ['attempts' => 1]);
        $this->expectException(PaxyoConnectionException::class);
        $this->expectExceptionMessage('cannot be reached');
        $client->account('ann');
    }

    public function testAFloatIsNoCharge(): void
    {
        $client = new PaxyoClient('http://127.0.0.1:9', 'a-panel-api-key');
        $this->expectException(PaxyoException::class);
        $this->expectExceptionMessage('loses digits');
        $client->registerOrder(['orderId' => 'A-1', 'charge' => 2.5]);
    }

    /** @return array<string, array{string, string, array<string, mixed>, string}> */
    public static function wrongOptions(): array
    {
        return [
            'no URL' => ['api.example.com', 'key', [], 'not like https://'],
            'a path' => ['https://api.example.com/v1', 'key', [], 'not like https://'],
            'a line break' => ['https://api.example.com', "key\n", [], 'API key'],
            'an unknown option' => ['https://api.example.com', 'key', ['timeout' => 1], 'no option "timeout"'],
        ];
    }

    /**
     * @dataProvider wrongOptions
     * @param array<string, mixed> $options
     */
    public function testWrongOptionsAreReported(string $url, string $apiKey, array $options, string $message): void
    {
        $this->expectException(PaxyoException::class);
        $this->expectExceptionMessage($message);
        new PaxyoClient($url, $apiKey, $options);
    }

    public function testTheFeedContinuesAfterErrorsAndCopiesWhenItsCursorIsTooOld(): void
    {
        // A copy of two pages, an expired cursor and the copy of one page, then a change.
        $client = self::client('copy1 copy2 410 copy2 change', ['attempts' => 1]);
        $copied = [];
        $cursors = [];
        PaxyoFeed::follow($client, null, [
            'copy' => static function (array $orders) use (&$copied): void {
                array_push($copied, ...array_column($orders, 'orderId'));
            },
            'changes' => static function (array $changes, string $cursor) use (&$cursors): void {
                $cursors[] = [$cursor, array_column($changes, 'id')];
            },
        ], ['wait' => 0, 'types' => ['order.updated'], 'until' => static function () use (&$cursors): bool {
            return count($cursors) === 3;
        }]);
        $this->assertSame(['A-1', 'A-2', 'A-2'], $copied);
        $this->assertSame([['c.1', []], ['c.1', []], ['c.2', ['c.2']]], $cursors);
        $paths = array_column(self::requests(), 'path');
        $this->assertSame('/v1/changes?limit=100&types=order.updated&after=c.1&wait=0', $paths[4]);
        $this->assertStringContainsString('cursor=page-2', $paths[1]);
    }

    public function testAccountsAreCopiedWithTheCursorOfTheOrders(): void
    {
        $client = self::client('copy1 copy2 accounts1 accounts2', ['attempts' => 1]);
        $begun = 0;
        $copied = [];
        $cursors = [];
        PaxyoFeed::follow($client, null, [
            'begin' => static function () use (&$begun): void {
                $begun++;
            },
            'copy' => static function (array $orders): void {
            },
            'accounts' => static function (array $accounts) use (&$copied): void {
                array_push($copied, ...array_column(array_column($accounts, 'account'), 'userId'));
            },
            'changes' => static function (array $changes, string $cursor) use (&$cursors): void {
                $cursors[] = $cursor;
            },
        ], ['until' => static function () use (&$cursors): bool {
            return $cursors !== [];
        }]);
        $this->assertSame([1, ['ann', 'bob'], ['c.1']], [$begun, $copied, $cursors]);
        $this->assertSame(
            ['/v1/accounts?changesCursor=c.1&limit=100', '/v1/accounts?changesCursor=c.1&limit=100&cursor=page-2'],
            array_slice(array_column(self::requests(), 'path'), 2)
        );
    }

    public function testAProcessContinuesWhereTheCopyOfAnotherOneHasEnded(): void
    {
        $client = self::client('change 401', ['attempts' => 1]);
        $cursors = [];
        try {
            PaxyoFeed::follow($client, null, [
                'begin' => static function (): void {
                    throw new CopiedElsewhere('c.1');
                },
                'copy' => static function (): void {
                },
                'changes' => static function (array $changes, string $cursor) use (&$cursors): void {
                    $cursors[] = $cursor;
                },
            ], ['wait' => 0]);
            $this->fail('it ended');
        } catch (PaxyoApiException $error) {
            $this->assertSame('unauthorized', $error->getErrorCode());
        }
        $this->assertSame(['c.2'], $cursors);
        $this->assertStringContainsString('after=c.1', self::requests()[0]['path']);
    }

    public function testTheFeedWaitsWhilePaxyoIsDownAndStopsWhenTheKeyIsWrong(): void
    {
        $client = self::client('503 change 401', ['attempts' => 1]);
        $cursors = [];
        $handlers = [
            'copy' => static function (): void {
            },
            'changes' => static function (array $changes, string $cursor) use (&$cursors): void {
                $cursors[] = $cursor;
            },
        ];
        try {
            PaxyoFeed::follow($client, 'c.1', $handlers, ['wait' => 0]);
            $this->fail('it ended');
        } catch (PaxyoApiException $error) {
            $this->assertSame('unauthorized', $error->getErrorCode());
        }
        $this->assertSame(['c.2'], $cursors);
    }
}
