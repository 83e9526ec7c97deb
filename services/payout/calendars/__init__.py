"""Pay calendars: the pay periods of a pay group, when each is paid, and which months it closes."""
