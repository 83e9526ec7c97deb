"""What looks like a slip in rosters, deals and results, in sentences for whoever brought them in."""
