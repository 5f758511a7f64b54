<?php
declare(strict_types=1);

namespace Paxyo\Internal;

use Paxyo\PaxyoException;

/** Another process copies, or has completed a copy: this one must not write what it has read. */
final class CopiedElsewhere extends PaxyoException
{
    private ?string $cursor;

    /** @param string|null $cursor where the feed is continued; null while the other process copies */
    public function __construct(?string $cursor)
    {
        parent::__construct('Another process copies the orders. If it was ended, this one copies them in two minutes.');
        $this->cursor = $cursor;
    }

    public function cursor(): ?string
    {
        return $this->cursor;
    }
}
