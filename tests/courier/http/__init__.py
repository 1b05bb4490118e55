"""Requests and responses on real sockets."""
