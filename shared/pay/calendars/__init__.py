"""Pay calendars: pay groups, their pay periods, and when each is paid."""
