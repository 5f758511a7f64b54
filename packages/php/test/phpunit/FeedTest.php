<?php
declare(strict_types=1);

namespace Paxyo\Test;

use PHPUnit\Framework\TestCase;
use Paxyo\Internal\CopiedElsewhere;
use Paxyo\Internal\Database;
use Paxyo\Internal\FeedWriter;
use Paxyo\Internal\MissingRows;
use Paxyo\Internal\Schema;
use Paxyo\Internal\Tables;
use Paxyo\PaxyoSync;

/** What `follow` does with pages of the feed, and of a copy. */
final class FeedTest extends TestCase
{
    private const LATER = PHP_INT_MAX >> 1;

    private PanelDatabase $panel;

    private string $log;

    protected function setUp(): void
    {
        $this->log = (string) tempnam(sys_get_temp_dir(), 'paxyo');
        ini_set('error_log', $this->log);
    }

    protected function tearDown(): void
    {
        ini_restore('error_log');
        unlink($this->log);
    }

    /** @return array<string, array{string}> */
    public static function dsns(): array
    {
        return array_map(static fn (string $dsn): array => [$dsn], PanelDatabase::dsns());
    }

    /** @param array<string, mixed> $settings */
    private function open(string $dsn, array $settings = []): void
    {
        $this->panel = new PanelDatabase($dsn, $settings);
        $this->panel->insertUser('ann');
    }

    /** @return array<string, mixed> */
    private static function order(int $seq, string $orderId, string $status, string $refunded, string $elsewhere = '0'): array
    {
        return [
            'orderId' => $orderId, 'userId' => 'ann', 'seq' => $seq, 'status' => $status, 'remains' => 300, 'startCount' => null,
            'refunded' => $refunded, 'refundedElsewhere' => $elsewhere, 'payment' => 'external', 'updatedAt' => self::time($seq),
        ];
    }

    /** @return array<string, mixed> */
    private static function change(int $seq, string $orderId, string $status, string $refunded): array
    {
        return [
            'id' => "c.$seq", 'type' => 'order.updated', 'at' => self::time($seq), 'userId' => 'ann', 'seq' => $seq,
            'order' => self::order($seq, $orderId, $status, $refunded), 'account' => ['balance' => "$seq", 'currency' => 'USD'],
        ];
    }

    private static function time(int $seq): string
    {
        return sprintf('2026-11-27T12:00:%02d.000Z', $seq);
    }

    private function writer(): FeedWriter
    {
        return new FeedWriter(new Database($this->panel->pdo), new Tables($this->panel->settings));
    }

    /**
     * @param array<int, array<string, mixed>> $orders
     * @param array<int, array<string, mixed>> $accounts
     */
    private function copy(array $orders, array $accounts = []): void
    {
        $writer = $this->writer();
        $writer->begin();
        $writer->writeOrders($orders);
        $writer->writeAccounts($accounts);
        $writer->writeChanges([], 'c.1');
    }

    /** @return array<string, mixed> */
    private static function account(string $userId, int $seq, string $mode = 'kept'): array
    {
        return ['account' => ['userId' => $userId, 'balance' => "$seq", 'currency' => 'USD', 'mode' => $mode], 'seq' => $seq];
    }

    private function retry(int $now = self::LATER): void
    {
        (new MissingRows(new Database($this->panel->pdo), new Tables($this->panel->settings)))->retry($now);
    }

    private function cursor(): ?string
    {
        return (new Schema(new Database($this->panel->pdo), new Tables($this->panel->settings)))->readCursor();
    }

    /** @return string[] */
    private function waiting(): array
    {
        return array_column(PaxyoSync::missing($this->panel->pdo, $this->panel->settings), 'subject');
    }

    /** @dataProvider dsns */
    public function testAMissingRowDoesNotStopTheOthersAndIsWrittenOnceItExists(string $dsn): void
    {
        $this->open($dsn);
        $this->panel->insert('13', 'ann');
        $changes = [self::change(2, '12', 'partial', '0.75'), self::change(3, '13', 'canceled', '1'), self::change(4, '12', 'canceled', '2.5')];
        $this->writer()->writeChanges($changes, 'c.4');
        $this->assertSame(['c.4', 'canceled 300 1', '1'], [$this->cursor(), $this->panel->order('13'), $this->panel->balance('ann')]);
        $this->assertSame(['order 12'], $this->waiting());
        $this->assertSame(1, substr_count((string) file_get_contents($this->log), 'has no order 12'));

        $this->retry();
        $this->assertSame([['order 12'], '1'], [$this->waiting(), $this->panel->balance('ann')]);
        $this->assertStringContainsString('paxyo changes wait for missing rows: 1,', (string) file_get_contents($this->log));
        $this->assertSame(1, PaxyoSync::missing($this->panel->pdo, $this->panel->settings)[0]['attempts']);

        $this->panel->insertOrder('12');
        $this->retry(self::LATER + 59);
        $this->assertSame(['order 12'], $this->waiting(), 'it is not due');
        $this->retry(self::LATER + 900);
        $this->retry(self::LATER + 900);
        $this->assertSame(['canceled 300 2.5', '3.5', []], [$this->panel->order('12'), $this->panel->balance('ann'), $this->waiting()]);
    }

    /** @dataProvider dsns */
    public function testAStatementThatIsNewerThanTheOneSetAsideStays(string $dsn): void
    {
        $this->open($dsn);
        $this->writer()->writeChanges([self::change(2, '12', 'partial', '0.75')], 'c.2');
        $this->panel->insertOrder('12');
        $this->copy([self::order(9, '12', 'canceled', '2.5')]);
        $this->retry();
        $this->assertSame(['canceled 300 2.5', '2.5', []], [$this->panel->order('12'), $this->panel->balance('ann'), $this->waiting()]);
    }

    /** @dataProvider dsns */
    public function testACopySetsAsideToo(string $dsn): void
    {
        $this->open($dsn);
        $this->copy([self::order(2, '12', 'canceled', '2.5', '1')]);
        $this->assertSame([['order 12'], '0'], [$this->waiting(), $this->panel->balance('ann')]);
        $this->panel->insertOrder('12');
        // A webhook is first.
        PaxyoSync::apply($this->panel->pdo, ['order' => self::order(3, '12', 'canceled', '2.5', '1')] + self::change(3, '12', '', ''), $this->panel->settings);
        $this->retry();
        $this->assertSame(['canceled 300 2.5', '1.5', []], [$this->panel->order('12'), $this->panel->balance('ann'), $this->waiting()]);
    }

    /** @dataProvider dsns */
    public function testACopyDoesNotCreditWhatAnotherSystemRefundedForOrdersWithoutARow(string $dsn): void
    {
        $this->open($dsn, ['missing' => 'skip']);
        for ($time = 0; $time < 2; $time++) {
            $this->copy([self::order(2, '12', 'canceled', '2.5', '2.5'), self::order(3, '13', 'canceled', '2.5', '2')]);
        }
        $this->assertSame(['0.5', []], [$this->panel->balance('ann'), $this->waiting()]);
    }

    /** @dataProvider dsns */
    public function testARefundOfAnUnknownUserWaitsWithItsOrder(string $dsn): void
    {
        $this->open($dsn);
        $this->panel->insert('12', 'zoe');
        $change = self::change(2, '12', 'canceled', '2.5');
        $this->writer()->writeChanges([['userId' => 'bob', 'order' => ['userId' => 'bob'] + $change['order']] + $change], 'c.2');
        $this->assertSame(['order 12', 'pending null 0'], [$this->waiting()[0], $this->panel->order('12')]);
        $this->panel->insertUser('bob');
        $this->retry();
        $this->assertSame(['canceled 300 2.5', '2.5', []], [$this->panel->order('12'), $this->panel->balance('bob'), $this->waiting()]);
    }

    /** @dataProvider dsns */
    public function testABalanceOfAnUnknownUserWaitsAndANewerOneStays(string $dsn): void
    {
        $this->open($dsn, ['balance' => 'kept', 'copyBalance' => true]);
        $deposit = static fn (int $seq): array => ['type' => 'account.updated', 'at' => self::time($seq), 'userId' => 'bob', 'seq' => $seq,
            'account' => ['balance' => "$seq", 'currency' => 'USD']];
        $this->writer()->writeChanges([$deposit(2), $deposit(3)], 'c.3');
        $this->assertSame(['account bob'], $this->waiting());
        $this->panel->insertUser('bob');
        $this->copy([], [self::account('bob', 9)]);
        $this->retry();
        $this->assertSame(['9', []], [$this->panel->balance('bob'), $this->waiting()]);

        $this->copy([], [self::account('zoe', 7)]);
        $this->panel->insertUser('zoe');
        $this->retry();
        $this->assertSame(['7', []], [$this->panel->balance('zoe'), $this->waiting()]);
    }

    /** @dataProvider dsns */
    public function testAWebhookThatIsOlderThanACopyDoesNotChangeWhatWasCopied(string $dsn): void
    {
        $this->open($dsn, ['balance' => 'kept', 'copyBalance' => true]);
        $this->panel->insertOrder('12');
        $this->panel->insertOrder('13');
        $this->copy([self::order(9, '12', 'canceled', '2.5')], [self::account('ann', 9)]);
        foreach ([self::change(5, '12', 'partial', '0.75'), self::change(6, '13', 'partial', '0.75')] as $late) {
            PaxyoSync::apply($this->panel->pdo, $late, $this->panel->settings);
        }
        $this->assertSame(['canceled 300 2.5', '9'], [$this->panel->order('12'), $this->panel->balance('ann')]);
        PaxyoSync::apply($this->panel->pdo, self::change(10, '13', 'canceled', '2.5'), $this->panel->settings);
        $this->assertSame(['canceled 300 2.5', '10'], [$this->panel->order('13'), $this->panel->balance('ann')]);
    }

    /** @dataProvider dsns */
    public function testABalanceThatThePanelKeepsIsNotReplacedByTheSumOfRefunds(string $dsn): void
    {
        $this->open($dsn, ['balance' => 'kept', 'copyBalance' => true]);
        $deposit = ['type' => 'account.updated', 'at' => self::time(2), 'userId' => 'ann', 'seq' => 2];
        PaxyoSync::apply($this->panel->pdo, $deposit + self::account('ann', 2), $this->panel->settings);
        PaxyoSync::apply($this->panel->pdo, ['seq' => 3] + $deposit + self::account('ann', 3, 'external'), $this->panel->settings);
        $this->copy([], [self::account('ann', 4, 'external')]);
        $this->assertSame('2', $this->panel->balance('ann'));
    }

    /** @dataProvider dsns */
    public function testOneProcessCopiesAtATimeAndTheOthersContinueWhereItEnds(string $dsn): void
    {
        $this->open($dsn);
        $this->panel->insertOrder('12');
        [$first, $second] = [$this->writer(), $this->writer()];
        $first->begin();
        $this->assertNull($this->elsewhere([$second, 'begin'])->cursor(), 'it waits');
        $first->writeOrders([self::order(2, '12', 'partial', '0.75')]);
        $first->writeChanges([], 'c.1');
        $this->assertSame('c.1', $this->elsewhere([$second, 'begin'])->cursor());
        // The cursor has become too old.
        $second->begin();
        $second->writeChanges([], 'c.3');
        $this->assertSame(['c.3', '0.75'], [$this->cursor(), $this->panel->balance('ann')]);
    }

    /** @dataProvider dsns */
    public function testACopyOfAProcessThatWasSuspendedIsNotContinued(string $dsn): void
    {
        $this->open($dsn);
        $this->panel->insertOrder('12');
        [$suspended, $other] = [$this->writer(), $this->writer()];
        $suspended->begin();
        $this->panel->pdo->exec("UPDATE paxyo_feed SET feed_cursor = 'abc 1' WHERE name = 'copy'");
        $other->begin();
        $read = [self::order(2, '12', 'partial', '0.75')];
        $this->assertNull($this->elsewhere(static fn () => $suspended->writeOrders($read))->cursor());
        $other->writeChanges([self::change(3, '12', 'canceled', '2.5')], 'c.3');
        $this->assertSame('c.3', $this->elsewhere(static fn () => $suspended->writeOrders($read))->cursor());
        $this->assertSame(['canceled 300 2.5', 'c.3'], [$this->panel->order('12'), $this->cursor()]);
    }

    /** @dataProvider dsns */
    public function testAnOrderWhoseIdThePanelCannotHaveDoesNotStopTheOthers(string $dsn): void
    {
        $this->open($dsn);
        $this->panel->insertOrder('13');
        $changes = [self::change(2, 'A-1', 'canceled', '1'), self::change(3, '99999999999', 'canceled', '1'), self::change(4, '13', 'canceled', '1')];
        $this->writer()->writeChanges($changes, 'c.4');
        $this->assertSame(['canceled 300 1', '1'], [$this->panel->order('13'), $this->panel->balance('ann')]);
        $this->assertSame(['order A-1', 'order 99999999999'], $this->waiting());
    }

    private function elsewhere(callable $write): CopiedElsewhere
    {
        try {
            $write();
        } catch (CopiedElsewhere $elsewhere) {
            return $elsewhere;
        }
        $this->fail('it was done');
    }
}
