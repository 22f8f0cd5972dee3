/*
 * A data set of strings, out as ids.
 */
#ifndef HDF5_IDS_H
#define HDF5_IDS_H

#include "dataset.h"

/* d: DATASET_STRINGS of rank 1, of fixed or variable length. Checks its storage. */
mi_status ids_send(const dataset *d, const char *name, mi_error *err);

#endif
