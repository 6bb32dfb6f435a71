"""Set a deployed stack up: its logins, its secrets and the webhook, so that every one of them fits the others."""
