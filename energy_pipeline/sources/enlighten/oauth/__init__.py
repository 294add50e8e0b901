"""OAuth of dialect v4: how an owner's consent becomes tokens, and how they stay valid."""
