"""From intervals to hours and register readings: tables in, tables out, no I/O, no clock."""
