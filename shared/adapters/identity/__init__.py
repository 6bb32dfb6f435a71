"""The app's identity provider: its keys, and the check of the tokens that it signs."""
