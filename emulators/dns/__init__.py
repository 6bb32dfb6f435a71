"""A stand-in for the domain name system: it knows nothing of HLF."""
