"""`ops why`: what is wrong with a stack after a failed deployment or a failed start of a server.

Three steps, apart from each other: collect facts (reads only), judge them (pure), tell what was found.
"""
