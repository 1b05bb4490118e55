"""Notebook files made of texts, for tests that put them on the screen."""

from __future__ import annotations

import json
from pathlib import Path


def written(folder: Path, *cells: str) -> Path:
    """Write a notebook of these code cells into a new folder, which bears its name."""
    code: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "source": cell,
            "outputs": [],
            "metadata": {},
            "execution_count": None,
        }
        for number, cell in enumerate(cells)
    ]
    python = {"name": "python3", "display_name": "Python 3", "language": "python"}  # or JupyterLab would ask
    folder.mkdir()
    path = folder / f"{folder.name}.ipynb"
    made = {"cells": code, "metadata": {"kernelspec": python}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(made))
    return path
