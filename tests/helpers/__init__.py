"""What tests make and share: media, corpora, models, studies, results."""
