"""`ops secrets`: which secrets a stack needs, which it has, how to set, to make and to renew them."""
