<?php
declare(strict_types=1);

namespace Paxyo;

/** There was no response: whether the request had an effect is unknown. Repeat it with the same ids and idempotency key. */
final class PaxyoConnectionException extends PaxyoException
{
}
