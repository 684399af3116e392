"""What an expression comes to, or why it cannot be known."""
