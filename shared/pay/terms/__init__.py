"""Payment terms, one word of them each: release, clawback, draws, guarantees, limits."""
