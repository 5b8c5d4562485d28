"""How fast is Pileus, beside moto, on this machine? `python -m bench`, from the checkout's root."""
