"""The courier carries one call folder to the service and back, off the notebook's thread.

`client` is the end the session talks to: it submits a folder and reads events. `delivery` is the work
itself: one POST into one folder. Nothing here knows notebooks, prompts or options.
"""
