"""From a recording to sound, pictures and faces."""
