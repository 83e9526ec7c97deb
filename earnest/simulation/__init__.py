"""Plans tried out: over history, over many sampled years, against another plan, under other conventions, with deals
that may close."""
