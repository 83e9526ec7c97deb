"""What files for payroll and files for the books share: bytes of tables, how dates are written, and the chain of batches."""
