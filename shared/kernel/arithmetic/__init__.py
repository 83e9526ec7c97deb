"""Exact numbers, in Polars expressions and in columns of fractions: nothing here is rounded unless it says so."""
