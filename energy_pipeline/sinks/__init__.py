"""Where values go: one package per vendor."""
