<?php
declare(strict_types=1);

namespace Paxyo;

/** The parent of all exceptions of this package. The message says what is wrong, and what to do. */
class PaxyoException extends \RuntimeException
{
}
