"""A request as a program that sends it: for those who want to see what a cell does, or to go on without it.

Each kind is a whole program that runs as it is printed, with nothing but `COMETAPI_KEY` and, if it is set,
`COMETAPI_BASE_URL` in the environment. It sends the body that the magic sends and saves the final image under a
new name in the working folder. What a program reads lies in files; the key is never written into it. This package
sends nothing, and knows neither the notebook nor where a request comes from.
"""
