<?php
declare(strict_types=1);

// In your panel this is Composer's vendor/autoload.php, or the autoload.php of the folder that you copied.
require_once __DIR__ . '/../../../packages/php/autoload.php';

/** What PaxyoSync may write: the defaults fit to the tables of install.php. */
const PANEL_TABLES = ['balance' => 'external'];

/** Settings come from the environment, so that no secret is in a file that a web server might serve. README.md lists them. */
function setting(string $name, ?string $default = null): string
{
    $value = getenv($name);
    if ($value !== false && $value !== '') {
        return $value;
    }
    if ($default === null) {
        throw new RuntimeException("$name is not set: see README.md");
    }
    return $default;
}

/** The panel's own database. */
function panel_db(): PDO
{
    static $db = null;
    if ($db === null) {
        $file = setting('PANEL_DATA_DIR', sys_get_temp_dir()) . '/panel.sqlite';
        $db = new PDO(setting('PANEL_DB', "sqlite:$file"), setting('PANEL_DB_USER', ''), setting('PANEL_DB_PASSWORD', ''), [
            PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
            PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC,
        ]);
    }
    return $db;
}

/** The API of Paxyo. */
function paxyo(array $options = []): Paxyo\PaxyoClient
{
    return new Paxyo\PaxyoClient(setting('PAXYO_API'), setting('PAXYO_PANEL_KEY'), $options);
}
