"""Pairs of proteins: a per-protein HDF5 file's upload, 1,000 pairs of one request to a model, and AUROC of held-out pairs. Real proteins when --data
names the folder that has them."""
import pair_protocol
import pair_requests
import pair_upload
from sides import Missing

TAKES = ("data", "objectives", "seeds", "sets", "what")  # arguments of run.py
WHAT = ("hdf5", "request", "auroc")


def run(report, quick, data, objectives, seeds, sets, what):
    each = {"hdf5": lambda: pair_upload.run(report, quick), "request": lambda: pair_requests.run(report, quick, data),
            "auroc": lambda: pair_protocol.run(report, quick, data, objectives, seeds, sets or list(pair_protocol.SETS))}
    for name in what or WHAT:
        try:
            each[name]()
        except Missing as missing:
            report.skip(f"pairs.{name}", missing)
