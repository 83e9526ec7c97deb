"""What files for payroll and for the books share: rows as bytes, names as a reader takes them, the chain of batches."""
