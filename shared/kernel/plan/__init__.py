"""A plan version as a whole: whether its parts hang together, over which windows it sums, which of its versions hold,
and its file."""
