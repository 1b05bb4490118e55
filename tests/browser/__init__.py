"""Real front ends in a real browser: what a user sees after Run All."""
