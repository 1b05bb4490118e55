"""Answers in the shapes of published recordings, made by our own code and played through the real courier."""
