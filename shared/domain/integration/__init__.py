"""The integration checkpoint: what must hold between this system and its neighbours, and what was found."""
