"""The composition root, which binds adapters to ports: one module per function, and the parts that several share."""
