"""Where calls are kept: one folder for each call, and what is read from such folders.

Writing, reading, finding, replaying and sharing recordings all happen here. Nothing here opens a connection or
knows what a call costs.
"""
