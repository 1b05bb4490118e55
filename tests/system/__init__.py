"""Files, locks, proxies and text of others."""
