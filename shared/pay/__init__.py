"""What was earned becomes pay: terms, pay calendars, settlement. Pure: a payout run and `earnest pay` call the same."""
