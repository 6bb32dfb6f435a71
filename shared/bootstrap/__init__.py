"""The composition root: which adapter stands behind which port. One module per function, and what several share."""
