"""The built-in functions of Terraform 1.11, by theme."""
