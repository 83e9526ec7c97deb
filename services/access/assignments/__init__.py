"""Where participants are and to whom they report, day by day, as the roster says."""
