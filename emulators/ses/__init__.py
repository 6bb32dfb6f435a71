"""Amazon SES on one machine, which keeps every mail and fails on request."""
