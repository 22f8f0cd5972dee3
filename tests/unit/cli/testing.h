/*
 * A runner over a list of tests.
 */
#ifndef CLI_TESTING_H
#define CLI_TESTING_H

#include "../runner.h"

#include <check.h>
#include <stdlib.h>

#endif
