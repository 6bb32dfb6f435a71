"""The behaviour of the app's workflows together with ours, on rows that are never committed."""
