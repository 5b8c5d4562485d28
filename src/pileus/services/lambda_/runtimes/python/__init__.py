"""The bundled Python runtime."""
