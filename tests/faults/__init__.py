"""Faults on real sockets: what the service, or whatever stands in its place, may do to a paid call."""
