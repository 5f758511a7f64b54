<?php
declare(strict_types=1);

namespace Paxyo;

/** The API rejected a request. Match on the error code, such as `order_conflict`; the message is for people. */
final class PaxyoApiException extends PaxyoException
{
    private int $status;

    private string $errorCode;

    public function __construct(int $status, string $errorCode, string $message)
    {
        parent::__construct($message, $status);
        $this->status = $status;
        $this->errorCode = $errorCode;
    }

    /** The HTTP status. */
    public function getStatus(): int
    {
        return $this->status;
    }

    /** One of the codes in the reference of errors; empty when the response did not come from Paxyo, but from a proxy. */
    public function getErrorCode(): string
    {
        return $this->errorCode;
    }
}
