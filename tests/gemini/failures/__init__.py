"""Error bodies, refusals, and answers that are no answers of Gemini."""
