"""Which key points a typed answer seems to cover: offline, explained by the words that match, never a verdict."""
