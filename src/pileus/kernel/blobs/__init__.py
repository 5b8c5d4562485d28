"""Large bytes: code, layers, objects. Records refer to them by digest."""
