"""One module per command of `pileus`; `cli.py` lists them. They import what they need once they run."""
