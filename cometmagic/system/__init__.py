"""The machine below: files written whole, locks, proxies, and text made safe to show. Knows nothing of images."""
