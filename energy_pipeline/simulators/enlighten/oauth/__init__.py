"""OAuth of the simulated cloud: the owner's consent page and the token endpoint of dialect v4."""
