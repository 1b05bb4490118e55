"""Odd answers and how they are read, most of them end to end over a real socket."""
