"""What a service that cannot be had looks like to a caller."""

from __future__ import annotations

from urllib.parse import urlsplit


class ServiceError(RuntimeError):
    """A service cannot be had. One sentence: which service, what was tried, what to do."""

    def __init__(self, service: str, problem: str, advice: str) -> None:
        super().__init__(f"{service} {problem}; {advice}.")
        self.service = service
        self.problem = problem
        self.advice = advice


class ServiceWarning(UserWarning):
    """Something of ours was left behind in a service that is not ours."""


def shown(url: str) -> str:
    """The address as an error may show it: without user, password, token and options."""
    try:
        parts = urlsplit(url)
        place = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "(not a URL)"
    if not parts.scheme or not parts.netloc:
        return "(not a URL)"
    return f"{parts.scheme}://{place}{parts.path}"
