<?php
declare(strict_types=1);

namespace Paxyo\Test;

use PHPUnit\Framework\TestCase;
use Paxyo\Internal\Amount;
use Paxyo\PaxyoException;

final class AmountTest extends TestCase
{
    /** @return array<int, array{mixed, int, string}> */
    public static function amounts(): array
    {
        return [
            ['0', 0, '0'],
            [null, 0, '0'],
            ['', 0, '0'],
            ['2.50', 250000000, '2.5'],
            ['0.00000001', 1, '0.00000001'],
            ['-0.75', -75000000, '-0.75'],
            ['9999999999.99999999', 999999999999999999, '9999999999.99999999'],
            ['000012', 1200000000, '12'],
            [12, 1200000000, '12'],
            [0.1 + 0.2, 30000000, '0.3'],
            ['1.0e-05', 1000, '0.00001'],
            ['1.123456789', 112345678, '1.12345678'],
        ];
    }

    /**
     * @dataProvider amounts
     * @param mixed $value
     */
    public function testAmountsAreExact($value, int $units, string $text): void
    {
        $this->assertSame($units, Amount::toUnits($value));
        $this->assertSame($text, Amount::fromUnits($units));
    }

    public function testAmountsAreRoundedHalfAwayFromZero(): void
    {
        $round = static fn (string $amount, ?int $decimals): string => Amount::fromUnits(Amount::round(Amount::toUnits($amount), $decimals));
        foreach (['0.00499999' => '0', '0.005' => '0.01', '0.666' => '0.67', '-0.005' => '-0.01', '2.5' => '2.5'] as $amount => $rounded) {
            $this->assertSame($rounded, $round((string) $amount, 2));
        }
        $this->assertSame(['3', '-3', '0.005', '0.005'], [$round('2.5', 0), $round('-2.5', 0), $round('0.005', null), $round('0.005', 12)]);
    }

    /** @return array<int, array{mixed}> */
    public static function others(): array
    {
        return [['1,50'], ['$1'], ['1.5 '], ['10000000000'], ['--1'], ["1\n"]];
    }

    /**
     * @dataProvider others
     * @param mixed $value
     */
    public function testOtherTextIsNoAmount($value): void
    {
        $this->expectException(PaxyoException::class);
        Amount::toUnits($value);
    }
}
