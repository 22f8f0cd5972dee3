#ifndef SQLITE_SCHEMA_H
#define SQLITE_SCHEMA_H

#include "sql.h"

/* Bring the database to this program's schema, one transaction a step. MI_UNSUPPORTED: a newer program made
 * it. */
mi_status schema_migrate(sql_db *db, mi_error *err);

#endif
