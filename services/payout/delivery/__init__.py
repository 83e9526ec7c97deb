"""Delivery: a released payroll file is put where payroll picks it up, over SFTP, encrypted where wanted, whole or not at all."""
