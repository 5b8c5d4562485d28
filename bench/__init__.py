"""How fast is Pileus, beside others, on this machine? `python -m bench`, from the checkout's root."""
