"""The doors for people in notebooks and terminals; the only place that knows IPython.

`magic` reads a cell, `config` holds a session's defaults, `show` displays. What a cell does, it does
through `session`, as Python does.
"""
