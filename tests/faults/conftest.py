"""The fault server's fixtures, for every test of this folder."""

from tests.faults.asking import ask, serving

__all__ = ["ask", "serving"]
