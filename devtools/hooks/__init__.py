"""Programs that pre-commit runs."""
