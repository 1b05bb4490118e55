"""The offline service: answers in the API's format, without a key or a network."""
