<?php
declare(strict_types=1);

namespace Paxyo;

/** The panel's tables have no row for an order, or for the user of a refund. Nothing was written; retry once it exists. */
final class PaxyoMissingRowException extends PaxyoException
{
}
