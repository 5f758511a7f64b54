<?php
declare(strict_types=1);

namespace Paxyo;

/** A webhook that Paxyo did not sign, or not now. Respond with 401. */
final class PaxyoSignatureException extends PaxyoException
{
}
