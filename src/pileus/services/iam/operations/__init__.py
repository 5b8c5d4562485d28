"""The operations of IAM, a module for each kind of thing they are about; `api.py` puts them together."""
