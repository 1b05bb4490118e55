"""Placeholder until merged."""


def fetch(url: str, *, private: bool = False) -> bytes:
    raise NotImplementedError
