// Runs `paxyo exporter` as a process that startProcess can start: without arguments.
process.argv.push('exporter')
await import(process.env['PAXYO_CLI']!)
