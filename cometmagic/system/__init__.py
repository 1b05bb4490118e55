"""Atomic writes, file locks, proxies, and text made safe to show. This wing knows nothing of images."""
