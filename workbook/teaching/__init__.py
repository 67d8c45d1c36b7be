"""Small helpers that notebooks import, for what would distract a reader there."""
