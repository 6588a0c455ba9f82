"""What operators type beside `pulumi`, over the same settings."""
