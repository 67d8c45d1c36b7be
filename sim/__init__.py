"""Discrete-event simulator of publish/subscribe systems (see sim/__main__.py for the command)."""
