#!/usr/bin/env python3
"""Write the top and the bottom half of 1,797 handwritten digits: two views of the same image.

Reads digits.csv.gz of scikit-learn (Debian: python3-sklearn), 8x8 pixels from 0 to 16 and a label per line.
Writes digits_top.npy and digits_bottom.npy, 1797 x 32 uint8, row i of both from image i, and SOURCE.md.
With --check nothing is written: exit status 1 when the files in --out are not what this script writes.
"""

import argparse
import csv
import gzip
import importlib.util
import pathlib
import sys
import tempfile

import npyfile

DATA = pathlib.Path(__file__).resolve().parent / "data"
DEBIAN = pathlib.Path("/usr/lib/python3/dist-packages/sklearn")
IMAGES, PIXELS, LARGEST = 1797, 64, 16

SOURCE = """\
# Source of digits_top.npy and digits_bottom.npy

- Data: *Optical Recognition of Handwritten Digits*, E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, 1998,
  <https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits>. The copy of its test set
  (1,797 images of 13 writers) that scikit-learn ships as `sklearn/datasets/data/digits.csv.gz` (described in
  `sklearn/datasets/descr/digits.rst`; in Debian: package python3-sklearn).
- Licence: Creative Commons Attribution 4.0 International (CC BY 4.0, <https://creativecommons.org/licenses/by/4.0/>),
  as the UCI repository gives it. scikit-learn itself is distributed under the 3-clause BSD licence.
- Changes: each image of 8x8 pixels (0 to 16) is cut into its rows 0-3 (top) and 4-7 (bottom), 32 values each, stored
  as uint8; labels are left out. Row i of both files is image i of the source.
- Written by `clients/examples/digits_halves.py`; `digits_halves.py --check` verifies the files here.
"""


def find_csv():
    """digits.csv.gz, wherever scikit-learn is installed; it is looked up and not imported."""
    spec = importlib.util.find_spec("sklearn")
    homes = [pathlib.Path(home) for home in spec.submodule_search_locations or []] if spec else []
    for home in [*homes, DEBIAN]:
        path = home / "datasets" / "data" / "digits.csv.gz"
        if path.is_file():
            return path
    sys.exit("digits_halves.py: digits.csv.gz is not installed (Debian: apt-get install python3-sklearn);"
             " name it with --csv")


def read_images(path):
    with gzip.open(path, "rt", encoding="ascii", newline="") as file:
        images = [[int(float(value)) for value in line[:PIXELS]] for line in csv.reader(file)]
    if len(images) != IMAGES or any(len(image) != PIXELS or not 0 <= min(image) <= max(image) <= LARGEST
                                    for image in images):
        sys.exit(f"digits_halves.py: {path} does not hold {IMAGES} images of {PIXELS} pixels from 0 to {LARGEST}")
    return images


def write(images, folder):
    half = PIXELS // 2
    folder.mkdir(parents=True, exist_ok=True)
    npyfile.write(folder / "digits_top.npy", [image[:half] for image in images], "B")
    npyfile.write(folder / "digits_bottom.npy", [image[half:] for image in images], "B")
    (folder / "SOURCE.md").write_text(SOURCE, encoding="utf-8")


def check(images, folder):
    """Names of the files in folder that differ from what write() writes."""
    with tempfile.TemporaryDirectory() as fresh:
        write(images, pathlib.Path(fresh))
        return [path.name for path in sorted(pathlib.Path(fresh).iterdir())
                if not (folder / path.name).is_file() or (folder / path.name).read_bytes() != path.read_bytes()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--out", type=pathlib.Path, default=DATA, metavar="DIR",
                        help="where the files are (default: data/ beside this script)")
    parser.add_argument("--csv", type=pathlib.Path, metavar="FILE", help="digits.csv.gz (default: the installed one)")
    parser.add_argument("--check", action="store_true", help="compare with the files in DIR instead of writing")
    args = parser.parse_args()
    images = read_images(args.csv or find_csv())
    if not args.check:
        write(images, args.out)
        return
    different = check(images, args.out)
    if different:
        sys.exit(f"digits_halves.py: not as this script writes them: {', '.join(different)}")
    print(f"{args.out}: as this script writes them")


if __name__ == "__main__":
    main()
