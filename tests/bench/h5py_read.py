"""A file of a data set for each protein into one float32 array, as a Python user reads it; a process of its own, for its peak memory.

    h5py_read.py FILE plain|low    plain: file[name][:]; low: h5py's low-level interface, one buffer of the file's type
"""
import json
import resource
import sys
import time

begun = time.perf_counter()
import h5py
import numpy

IMPORTED = time.perf_counter() - begun


def plain(path):
    with h5py.File(path, "r") as file:
        names = list(file)
        out = numpy.empty((len(names), file[names[0]].shape[0]), numpy.float32)
        for row, name in enumerate(names):
            out[row] = file[name][:]
    return names, out


def low(path):
    with h5py.File(path, "r") as file:
        names = list(file)
        out = numpy.empty((len(names), file[names[0]].shape[0]), numpy.float32)
        buffer = numpy.empty_like(file[names[0]][:])
        for row, name in enumerate(names):
            h5py.h5d.open(file.id, name.encode()).read(h5py.h5s.ALL, h5py.h5s.ALL, buffer)
            out[row] = buffer  # numpy's conversion: libhdf5's own from float16 takes longer than all the rest
    return names, out


def main():
    begun = time.perf_counter()
    names, out = {"plain": plain, "low": low}[sys.argv[2]](sys.argv[1])
    seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "import_seconds": IMPORTED, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "rows": len(names),
                      "sum": float(out[:, 0].sum(dtype=numpy.float64)), "h5py": h5py.__version__}))


if __name__ == "__main__":
    main()
