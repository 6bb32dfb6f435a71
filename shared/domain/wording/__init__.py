"""Alerts in words: one table per language for conditions, and one for codes."""
