<?php
declare(strict_types=1);

// Loads the classes of this package without Composer: `require 'paxyo/autoload.php'`.
spl_autoload_register(static function (string $class): void {
    if (strncmp($class, 'Paxyo\\', 6) !== 0) {
        return;
    }
    $file = __DIR__ . '/src/' . strtr(substr($class, 6), '\\', '/') . '.php';
    if (is_file($file)) {
        require $file;
    }
});
