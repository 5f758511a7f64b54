<?php
declare(strict_types=1);

namespace Paxyo\Internal;

use Paxyo\PaxyoException;

/** The names of a panel's tables and columns, and how they are used. */
final class Tables
{
    private const STATUSES = ['pending', 'processing', 'in_progress', 'completed', 'partial', 'canceled', 'failed'];

    private const DEFAULTS = [
        'balance' => 'external',
        'copyBalance' => false,
        'missing' => 'fail',
        'prefix' => 'paxyo_',
        'orders' => [
            'table' => 'orders', 'id' => 'id', 'status' => 'status', 'remains' => 'remains', 'refunded' => 'refunded',
            'startCount' => null,
        ],
        'users' => ['table' => 'users', 'id' => 'id', 'balance' => 'balance'],
        'statuses' => [],
        'unknownRemains' => null,
    ];

    /** @var array<string, string|null> */
    public array $orders;

    /** @var array<string, string|null> */
    public array $users;

    /** @var array<string, string|int> the panel's words for statuses */
    public array $statuses;

    /** @var int|null what is written to remains while it is unknown */
    public ?int $unknownRemains;

    /** Whether refunds are credited to the panel's own balance. */
    public bool $credits;

    /** Whether the balance that Paxyo keeps is copied to the panel's table. */
    public bool $copiesBalance;

    public bool $skipsMissing;

    public string $prefix;

    /** @param array<string, mixed> $given */
    public function __construct(array $given)
    {
        $merged = self::merge(self::DEFAULTS, $given, '');
        self::check(in_array($merged['balance'], ['external', 'kept'], true), 'balance', 'external or kept');
        self::check(in_array($merged['missing'], ['fail', 'skip'], true), 'missing', 'fail or skip');
        $this->orders = self::names($merged['orders'], ['table', 'id', 'status'], 'orders');
        $this->users = self::names($merged['users'], ['table', 'id', 'balance'], 'users');
        $this->statuses = $merged['statuses'];
        $this->unknownRemains = $merged['unknownRemains'];
        $this->credits = $merged['balance'] === 'external';
        $this->copiesBalance = (bool) $merged['copyBalance'];
        self::check(!($this->credits && $this->copiesBalance), 'copyBalance', 'false unless balance is kept');
        $this->skipsMissing = $merged['missing'] === 'skip';
        $this->prefix = (string) $merged['prefix'];
    }

    /** @return string|int the panel's word */
    public function status(string $status)
    {
        return $this->statuses[$status] ?? $status;
    }

    /** @return array<int, string|int> the panel's words for all statuses */
    public function words(): array
    {
        return array_map([$this, 'status'], self::STATUSES);
    }

    /**
     * @param array<string, mixed> $defaults
     * @param array<string, mixed> $given
     * @return array<string, mixed>
     */
    private static function merge(array $defaults, array $given, string $path): array
    {
        foreach ($given as $name => $value) {
            if (!array_key_exists($name, $defaults)) {
                throw new PaxyoException("There is no setting \"$path$name\".");
            }
            $isSection = is_array($defaults[$name]) && $defaults[$name] !== [];
            $defaults[$name] = $isSection ? self::merge($defaults[$name], (array) $value, "$name.") : $value;
        }
        return $defaults;
    }

    /**
     * @param array<string, mixed> $names
     * @param string[] $required
     * @return array<string, string|null>
     */
    private static function names(array $names, array $required, string $section): array
    {
        foreach ($names as $key => $name) {
            $isName = is_string($name) && preg_match('/^[^\x00-\x1f]{1,128}$/D', $name) === 1;
            $mayBeMissing = $name === null && !in_array($key, $required, true);
            self::check($isName || $mayBeMissing, "$section.$key", 'the name of a table or column');
        }
        return $names;
    }

    private static function check(bool $isRight, string $setting, string $wanted): void
    {
        if (!$isRight) {
            throw new PaxyoException("The setting \"$setting\" must be $wanted.");
        }
    }
}
