"""What all pages for people share: the look, the words for outcomes, and how templates are rendered."""
