"""Deals and the roster as their facts stand, page by page: what the calculation rests on, for whoever repeats it."""
