"""The public interface in ten lines; give it a labelled table, an unlabelled one and a recording to watch."""

import sys

import valaro

labelled_table, unlabelled_table, recording = sys.argv[1:]
labelled = valaro.read_corpus("table", labelled_table)
unlabelled = valaro.read_corpus("table", unlabelled_table)
features = valaro.extract(labelled + unlabelled, ["fbank", "face"], to="features", workers=2)
for fold in valaro.leave_one_session_out(labelled):
    model = valaro.train("MSSGAN", features, fold, unlabelled, dimension="valence", seed=0)
    print(fold.name, valaro.score(model, features, fold.test).uar)
for moment in valaro.watch(model, recording):
    print(f"{moment.start:6.1f} s  {moment.level:6}  {moment.probability:.2f}")
