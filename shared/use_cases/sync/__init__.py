"""The parts of sync_listings, one job each."""
