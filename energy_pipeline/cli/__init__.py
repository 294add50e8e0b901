"""The command line: `energy-pipeline`, one module per command."""
