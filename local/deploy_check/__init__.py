"""Follow docs/operations/deploy.md on this machine, line by line, from an empty account to a proof that says yes."""
