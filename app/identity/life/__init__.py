"""What happens to accounts: another phone, one account instead of two, closing, coming back."""
