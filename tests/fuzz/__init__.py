"""Fuzzing: whatever the bytes, only the package's own errors come out, and what is promised of the result holds."""
