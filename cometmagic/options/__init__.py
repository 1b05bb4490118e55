"""What can be set: the declaration of every option, and all that reads it.

The declaration says once what an option is called, which values it takes and where it goes in the request. The
command line, presets, settings, sweeps and the prompt template read it. Nothing here knows a notebook or a request.
"""
