"""Odd answers, and the images that are read from them all the same."""
