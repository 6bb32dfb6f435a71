"""The points of the integration checkpoint that are read from the database."""
