"""What can be set: the declaration of every option, and everything that reads it.

The declaration says once what an option is called, which values it takes and where it goes in the request. The
command line, presets, settings and sweeps read it. Nothing here knows notebooks or HTTP.
"""
