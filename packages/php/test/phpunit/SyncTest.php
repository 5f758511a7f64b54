<?php
declare(strict_types=1);

namespace Paxyo\Test;

use PHPUnit\Framework\TestCase;
use Paxyo\PaxyoException;
use Paxyo\PaxyoMissingRowException;
use Paxyo\PaxyoSync;

final class SyncTest extends TestCase
{
    /** @return array<string, array{string}> */
    public static function dsns(): array
    {
        return array_map(static fn (string $dsn): array => [$dsn], PanelDatabase::dsns());
    }

    /**
     * @param array<string, mixed> $order
     * @return array<string, mixed>
     */
    private static function change(int $seq, string $status, string $refunded, array $order = []): array
    {
        return [
            'id' => "webhook-$seq",
            'type' => 'order.updated',
            'at' => sprintf('2026-11-27T12:00:%02d.000Z', $seq),
            'userId' => 'ann',
            'seq' => $seq,
            'previousStatus' => 'pending',
            'order' => $order + [
                'orderId' => '12', 'userId' => 'ann', 'status' => $status, 'remains' => 300, 'startCount' => null,
                'refunded' => $refunded, 'payment' => 'external', 'updatedAt' => sprintf('2026-11-27T12:00:%02d.000Z', $seq),
            ],
            'account' => ['balance' => $refunded, 'currency' => 'USD'],
        ];
    }

    /** @dataProvider dsns */
    public function testAChangeIsWrittenAndItsRefundCreditedOnceHoweverOftenItArrives(string $dsn): void
    {
        $panel = new PanelDatabase($dsn);
        $panel->insert('12', 'ann');
        $change = self::change(2, 'partial', '0.75');
        $this->assertSame(['outcome' => 'applied', 'credited' => '0.75'], PaxyoSync::apply($panel->pdo, $change, $panel->settings));
        $this->assertSame(['outcome' => 'stale', 'credited' => '0'], PaxyoSync::apply($panel->pdo, $change, $panel->settings));
        $this->assertSame(['partial 300 0.75', '0.75'], [$panel->order('12'), $panel->balance('ann')]);
    }

    /** @dataProvider dsns */
    public function testEveryOrderAndNumberOfDeliveriesEndsTheSame(string $dsn): void
    {
        $changes = [
            self::change(2, 'in_progress', '0', ['remains' => null]),
            self::change(3, 'partial', '0.00000001'),
            self::change(5, 'partial', '1.20000001', ['remains' => 100]),
            ['type' => 'refund.paid', 'refundId' => 'r-2', 'amount' => '1.2'] + self::change(5, 'partial', '1.20000001', ['remains' => 100]),
            self::change(9, 'canceled', '2.5', ['remains' => 1000]),
        ];
        $seed = random_int(0, 1000000);
        mt_srand($seed);
        $panel = new PanelDatabase($dsn);
        for ($round = 0; $round < 20; $round++) {
            $panel->clear();
            $panel->insert('12', 'ann');
            // Any of them may be missing, except for the last: a newer webhook supersedes a failed one.
            $sent = array_merge(array_filter($changes, static fn (): bool => mt_rand(0, 2) > 0), [$changes[4]], $changes);
            shuffle($sent);
            foreach ($sent as $change) {
                PaxyoSync::apply($panel->pdo, $change, $panel->settings);
            }
            $this->assertSame(['canceled 1000 2.5', '2.5'], [$panel->order('12'), $panel->balance('ann')], "seed $seed");
        }
    }

    /**
     * Thirds of a cent: each difference would be rounded to nothing, or the last one up.
     *
     * @dataProvider dsns
     */
    public function testInColumnsOfTwoDecimalsTheSumIsTheRoundedTotal(string $dsn): void
    {
        foreach (['decimal(10, 2)' => ['0.01', '0.67'], 'decimal(20, 8)' => ['0.005', '0.666']] as $amounts => $expected) {
            $panel = new PanelDatabase($dsn, [], $amounts);
            $expected = $panel->driver() === 'sqlite' ? ['0.005', '0.666'] : $expected;
            $panel->insert('12', 'ann');
            $credited = [];
            foreach (['0.002', '0.004', '0.005'] as $index => $refunded) {
                $change = self::change(2 + $index, 'partial', $refunded);
                $credited[] = PaxyoSync::apply($panel->pdo, $change, $panel->settings)['credited'];
            }
            $this->assertSame("partial 300 $expected[0]", $panel->order('12'));
            $this->assertSame($expected[0], $panel->balance('ann'));
            $this->assertSame($expected[0] === '0.01' ? ['0', '0', '0.01'] : ['0.002', '0.002', '0.001'], $credited);
            foreach (['0.333', '0.666', '0.666'] as $index => $refunded) {
                PaxyoSync::apply($panel->pdo, self::change(5 + $index, 'partial', $refunded), $panel->settings);
            }
            $this->assertSame(["partial 300 $expected[1]", $expected[1]], [$panel->order('12'), $panel->balance('ann')]);
        }
    }

    /** @dataProvider dsns */
    public function testAnOrderWithoutARowChangesNothingAndIsReported(string $dsn): void
    {
        $panel = new PanelDatabase($dsn);
        $panel->insertUser('ann');
        try {
            PaxyoSync::apply($panel->pdo, self::change(2, 'canceled', '2.5'), $panel->settings);
            $this->fail('it was applied');
        } catch (PaxyoMissingRowException $error) {
            $this->assertStringContainsString('shop orders has no order 12', $error->getMessage());
        }
        $this->assertSame('0', $panel->balance('ann'));
        $panel->insert('12', 'ann');
        PaxyoSync::apply($panel->pdo, self::change(2, 'canceled', '2.5'), $panel->settings);
        $this->assertSame(['canceled 300 2.5', '2.5'], [$panel->order('12'), $panel->balance('ann')]);
    }

    /** @dataProvider dsns */
    public function testARefundOfAnUnknownUserLeavesTheOrderAsItWas(string $dsn): void
    {
        $panel = new PanelDatabase($dsn);
        $panel->insert('12', 'bob');
        try {
            PaxyoSync::apply($panel->pdo, self::change(2, 'canceled', '2.5'), $panel->settings);
            $this->fail('it was applied');
        } catch (PaxyoMissingRowException $error) {
            $this->assertStringContainsString('no user ann', $error->getMessage());
        }
        $this->assertSame('pending null 0', $panel->order('12'));
    }

    /** @dataProvider dsns */
    public function testMissingRowsCanBeSkippedAndAUsersMoneyIsStillCredited(string $dsn): void
    {
        $panel = new PanelDatabase($dsn, ['missing' => 'skip']);
        $panel->insertUser('ann');
        $change = self::change(2, 'canceled', '2.5');
        $this->assertSame(['outcome' => 'missing', 'credited' => '2.5'], PaxyoSync::apply($panel->pdo, $change, $panel->settings));
        $other = self::change(3, 'canceled', '1', ['userId' => 'zoe', 'orderId' => '13']);
        $this->assertSame(['outcome' => 'missing', 'credited' => '0'], PaxyoSync::apply($panel->pdo, $other, $panel->settings));
        // Once there is a user, the refund is credited.
        $panel->insertUser('zoe');
        $this->assertSame('1', PaxyoSync::apply($panel->pdo, $other, $panel->settings)['credited']);
        $this->assertSame(['2.5', '1'], [$panel->balance('ann'), $panel->balance('zoe')]);
    }

    /** @dataProvider dsns */
    public function testWhatThePanelHadRefundedBeforeIsNotCreditedAgain(string $dsn): void
    {
        $panel = new PanelDatabase($dsn);
        $panel->insert('12', 'ann', '0.5');
        $this->assertSame('0.25', PaxyoSync::apply($panel->pdo, self::change(2, 'partial', '0.75'), $panel->settings)['credited']);
        $this->assertSame('0.25', $panel->balance('ann'));
    }

    /** @dataProvider dsns */
    public function testWhatAnotherSystemHadRefundedIsNotCreditedAgainWhateverThePanelsTablesHave(string $dsn): void
    {
        $change = self::change(2, 'partial', '0.75', ['refundedElsewhere' => '0.5']);
        foreach ([[], ['missing' => 'skip'], ['orders' => ['refunded' => null]]] as $settings) {
            $panel = new PanelDatabase($dsn, $settings);
            isset($settings['missing']) ? $panel->insertUser('ann') : $panel->insert('12', 'ann');
            $this->assertSame('0.25', PaxyoSync::apply($panel->pdo, $change, $panel->settings)['credited']);
            $this->assertSame('0', PaxyoSync::apply($panel->pdo, $change, $panel->settings)['credited']);
            $this->assertSame('0.25', $panel->balance('ann'));
        }
        // The row and Paxyo speak of the same money.
        $panel = new PanelDatabase($dsn);
        $panel->insert('12', 'ann', '0.5');
        $this->assertSame('0.25', PaxyoSync::apply($panel->pdo, $change, $panel->settings)['credited']);
    }

    /** @dataProvider dsns */
    public function testTheOrdersOfTheSetupCheckAreIgnored(string $dsn): void
    {
        $panel = new PanelDatabase($dsn);
        $change = ['userId' => 'paxyo-setup-check'] + self::change(2, 'completed', '0', ['userId' => 'paxyo-setup-check']);
        $this->assertSame(['outcome' => 'ignored', 'credited' => '0'], PaxyoSync::apply($panel->pdo, $change, $panel->settings));
    }

    /** @dataProvider dsns */
    public function testAfterARestoreOfPaxyoTheNumbersStartEarlierAndNothingIsPaidTwice(string $dsn): void
    {
        $panel = new PanelDatabase($dsn);
        $panel->insert('12', 'ann');
        PaxyoSync::apply($panel->pdo, self::change(8, 'partial', '0.75'), $panel->settings);
        $later = self::change(3, 'canceled', '2.5', ['updatedAt' => '2026-11-28T00:00:00.000Z']);
        $this->assertSame(['outcome' => 'applied', 'credited' => '1.75'], PaxyoSync::apply($panel->pdo, $later, $panel->settings));
        $this->assertSame(['canceled 300 2.5', '2.5'], [$panel->order('12'), $panel->balance('ann')]);
    }

    /** @dataProvider dsns */
    public function testKeptBalancesAreNotTouchedNorCreditedAfterAChangeOfTheMode(string $dsn): void
    {
        $panel = new PanelDatabase($dsn);
        $panel->insert('12', 'ann');
        $kept = ['balance' => 'kept'] + $panel->settings;
        $this->assertSame(['outcome' => 'applied', 'credited' => '0'], PaxyoSync::apply($panel->pdo, self::change(2, 'partial', '0.75'), $kept));
        $this->assertSame(['partial 300 0.75', '0'], [$panel->order('12'), $panel->balance('ann')]);
        PaxyoSync::apply($panel->pdo, self::change(3, 'canceled', '2.5'), $panel->settings);
        $this->assertSame('1.75', $panel->balance('ann'));
    }

    /** @dataProvider dsns */
    public function testAnOrderThatWasPaidFromTheKeptAccountIsRefundedThere(string $dsn): void
    {
        $panel = new PanelDatabase($dsn);
        $panel->insert('12', 'ann');
        PaxyoSync::apply($panel->pdo, self::change(2, 'canceled', '2.5', ['payment' => 'account']), $panel->settings);
        $this->assertSame(['canceled 300 2.5', '0'], [$panel->order('12'), $panel->balance('ann')]);
    }

    /** @dataProvider dsns */
    public function testKeptBalancesCanBeCopiedAndTheNewestWins(string $dsn): void
    {
        $panel = new PanelDatabase($dsn, ['balance' => 'kept', 'copyBalance' => true]);
        $panel->insert('12', 'ann');
        $deposit = ['type' => 'account.updated', 'at' => '2026-11-27T12:00:04.000Z', 'userId' => 'ann', 'seq' => 4,
            'account' => ['balance' => '20.5', 'currency' => 'USD']];
        PaxyoSync::apply($panel->pdo, $deposit, $panel->settings);
        PaxyoSync::apply($panel->pdo, self::change(3, 'partial', '0.75'), $panel->settings);
        $this->assertSame(['partial 300 0.75', '20.5'], [$panel->order('12'), $panel->balance('ann')]);
    }

    /** @dataProvider dsns */
    public function testItTakesPartInATransactionOfThePanel(string $dsn): void
    {
        $panel = new PanelDatabase($dsn);
        $panel->insert('12', 'ann');
        $panel->pdo->beginTransaction();
        PaxyoSync::apply($panel->pdo, self::change(2, 'canceled', '2.5'), $panel->settings);
        $this->assertTrue($panel->pdo->inTransaction());
        $panel->pdo->rollBack();
        $this->assertSame(['pending null 0', '0'], [$panel->order('12'), $panel->balance('ann')]);
    }

    /** @dataProvider dsns */
    public function testThePanelsOwnWordsAndColumns(string $dsn): void
    {
        $panel = new PanelDatabase($dsn, [
            'orders' => ['startCount' => 'start_count', 'refunded' => null],
            'statuses' => ['in_progress' => 'In progress'],
            'unknownRemains' => 0,
        ]);
        $panel->insert('12', 'ann');
        PaxyoSync::apply($panel->pdo, self::change(2, 'in_progress', '0', ['remains' => null, 'startCount' => 77]), $panel->settings);
        $this->assertSame('In progress 0 0', $panel->order('12'));
        $select = strtr('SELECT start_count FROM "shop orders"', '"', $panel->driver() === 'mysql' ? '`' : '"');
        $this->assertSame('77', (string) $panel->pdo->query($select)->fetchColumn());
    }

    /** @dataProvider dsns */
    public function testOtherChangesAreIgnored(string $dsn): void
    {
        $panel = new PanelDatabase($dsn);
        $ignored = ['outcome' => 'ignored', 'credited' => '0'];
        $this->assertSame($ignored, PaxyoSync::apply($panel->pdo, ['type' => 'ping', 'at' => ''], $panel->settings));
        $review = ['type' => 'review.opened'] + self::change(2, 'failed', '0');
        $this->assertSame($ignored, PaxyoSync::apply($panel->pdo, $review, $panel->settings));
    }

    public function testTheErrorModeOfTheConnectionStaysAsItWas(): void
    {
        $panel = new PanelDatabase('sqlite::memory:');
        $panel->insert('12', 'ann');
        $panel->pdo->setAttribute(\PDO::ATTR_ERRMODE, \PDO::ERRMODE_SILENT);
        PaxyoSync::apply($panel->pdo, self::change(2, 'canceled', '2.5'), $panel->settings);
        $this->assertSame(\PDO::ERRMODE_SILENT, $panel->pdo->getAttribute(\PDO::ATTR_ERRMODE));
        $panel->pdo->exec('DROP TABLE users');
        $this->expectException(\PDOException::class);
        PaxyoSync::apply($panel->pdo, self::change(3, 'canceled', '3'), $panel->settings);
    }

    public function testAnEnumOfMySqlWithoutAStatusIsReported(): void
    {
        $this->addToAssertionCount(1);
        foreach (PanelDatabase::dsns() as $name => $dsn) {
            if ($name !== 'mysql') {
                continue;
            }
            $panel = new PanelDatabase($dsn, ['statuses' => ['in_progress' => 'In progress', 'failed' => "can't"]]);
            $words = "'pending', 'processing', 'in progress', 'completed', 'partial'";
            $panel->pdo->exec("ALTER TABLE `shop orders` MODIFY status ENUM($words, 'canceled', 'can''t') NOT NULL");
            PaxyoSync::createTables($panel->pdo, $panel->settings);
            $panel->pdo->exec("ALTER TABLE `shop orders` MODIFY status ENUM($words) NOT NULL");
            try {
                PaxyoSync::createTables($panel->pdo, $panel->settings);
                $this->fail('nothing was reported');
            } catch (PaxyoException $error) {
                $this->assertStringContainsString('shop orders.status does not have "canceled", "can\'t"', $error->getMessage());
            }
        }
    }

    /** @return array<string, array{array<string, mixed>, string}> */
    public static function wrongSettings(): array
    {
        return [
            'a typing error' => [['order' => []], 'no setting "order"'],
            'a typing error in a section' => [['orders' => ['Status' => 'x']], 'no setting "orders.Status"'],
            'no name' => [['orders' => ['table' => '']], '"orders.table" must be'],
            'an unknown mode' => [['balance' => 'ours'], '"balance" must be'],
            'both modes' => [['copyBalance' => true], '"copyBalance" must be'],
        ];
    }

    /**
     * @dataProvider wrongSettings
     * @param array<string, mixed> $settings
     */
    public function testWrongSettingsAreReported(array $settings, string $message): void
    {
        $this->expectException(PaxyoException::class);
        $this->expectExceptionMessage($message);
        PaxyoSync::apply(new \PDO('sqlite::memory:'), [], $settings);
    }
}
