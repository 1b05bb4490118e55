"""The couriers that are to die, for every test of this folder."""

from tests.courier.killing import wired

__all__ = ["wired"]
