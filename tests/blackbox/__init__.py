"""The product from outside: nothing here imports it, the protocol is all that is known."""
