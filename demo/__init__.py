"""The page: shows what `film_core` computes."""
