"""Build break-glass, and rehearse it on the local stack."""
