/* The passes of the anchor loss in plain C: for any machine, and the reference of the others in the tests. */
#define MACHINE portable
#include "anchor_passes.h"
