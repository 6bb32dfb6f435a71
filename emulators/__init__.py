"""Stand-ins for outside services. They know nothing of the system that uses them, and can be imported alone."""
