"""What files for payroll and for the books share."""
