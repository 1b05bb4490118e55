"""The courier sends the request of a call folder and saves the response there, off the notebook's thread.

`client` is the kernel's side: it submits a folder and reads events. `delivery` does the work: attempts, waits
and the final state of one folder. Nothing here knows notebooks, or how a request is composed.
"""
