"""Emotion from voice and face, learnt from few labelled and many unlabelled recordings."""
