"""FILM image fusion guided by text: the computation behind FILM Studio."""
