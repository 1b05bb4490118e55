"""Panels as cells, and cells as panels."""
