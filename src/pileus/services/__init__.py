"""One package per AWS service, everywhere the same rooms; services never import each other."""
