"""Atomic writes, file locks, proxies, certificates, and text made safe to show. This wing knows nothing of images."""
