"""One HTTP request: the POST of a call, or the download of a reference image from an allowed address.

Only this folder imports httpx. Nothing here decides on retries, or what a response means.
"""
