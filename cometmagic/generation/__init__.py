"""From a request to a result: plan, reserve, call, read. One image or many; for the cell, the panel and Python.

Nothing here knows a notebook or how a result looks.
"""
