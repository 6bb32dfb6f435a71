"""A small identity provider on one machine, in the form of Supabase Auth, which can be away on request."""
