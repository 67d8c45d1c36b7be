"""The simulator in a page: what runs there (charts.py, runs.py), and what the site packs for it (packing.py)."""
