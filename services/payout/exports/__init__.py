"""What files for payroll and for the books share: tables as bytes, how dates are written, the chain of batches."""
