"""A stand-in for the domain name system."""
