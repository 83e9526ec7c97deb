"""All SQL of payout: what is booked, runs and their files, and what is read of them."""
