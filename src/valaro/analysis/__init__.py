"""What finished runs show: differences, sanity checks, calibration, the paper's claims: numbers, no words."""
