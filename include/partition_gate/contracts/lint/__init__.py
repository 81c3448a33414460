"""The rules of `gate lint`. Pure."""
