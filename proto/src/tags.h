/*
 * Tags: names and values of the user's own, on jobs and models.
 */
#ifndef PROTO_TAGS_H
#define PROTO_TAGS_H

#include "proto/json.h"
#include "proto/problem.h"

#define PROTO_MAX_TAGS 32

/* Canonical text of an object of strings, sorted by name, so that equal tags are equal texts; malloc'ed.
 * NULL: the problem says what is wrong, below `pointer`. */
char *proto_tags_decode(const proto_node *node, const char *pointer, proto_problem *problem);

#endif
