"""`ops walls`: what a notebook reaches and may do, and what it does not, tried from inside one."""
