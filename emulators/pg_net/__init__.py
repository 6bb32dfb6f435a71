"""The PostgreSQL extension pg_net on one machine: its SQL, and a worker that sends the requests."""
