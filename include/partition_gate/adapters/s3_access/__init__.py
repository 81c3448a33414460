"""How every adapter reaches S3: one address, one source of credentials, and what each library is told of them."""
