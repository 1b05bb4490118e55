"""The magics, their completion and their outputs, in notebooks and terminals.

`magics` reads cells, `cell_run` runs them, `config` holds the session's defaults. A cell uses the same functions of
`generation` as the Python API. Only this wing and the widget know IPython.
"""
