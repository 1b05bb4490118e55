"""The library on disk: one folder for each call, written, read, searched, replayed and shared.

Nothing here opens a connection or knows what a call costs.
"""
